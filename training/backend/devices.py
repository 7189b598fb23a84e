"""Several devices through Keras' distribution API: each takes its share of every batch.

The faces and the weights stand on every device; a batch, and so the work, is divided. Batch
normalization and the loss see the whole batch, so a run learns what it would on one device.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from fer_edge.errors import TrainingError

from .keras3 import keras


@contextmanager
def spread(devices: int, batch_size: int) -> Iterator[None]:
    """Train, inside the block, on the first `devices` devices.

    What trains must be built inside the block, too.

    Args:
        devices: How many; 1 leaves everything as it is.
        batch_size: Of the training, all devices together.

    Raises:
        TrainingError: Keras cannot do that on its backend, there are fewer, or the batch does not
            divide.
    """
    if devices == 1:
        yield
        return
    backend = keras.backend.backend()
    if backend != "jax":
        raise TrainingError(
            f"Keras distributes over several devices on JAX only, and runs on {backend}; "
            "run with KERAS_BACKEND=jax, or with --devices 1"
        )
    present = keras.distribution.list_devices()
    if devices > len(present):
        raise TrainingError(
            f"there are {len(present)} devices ({', '.join(present)}); expected {devices}; "
            f"pass --devices {len(present)} at most"
        )
    if batch_size % devices:
        near = max(1, round(batch_size / devices)) * devices
        raise TrainingError(
            f"a batch of {batch_size} does not divide among {devices} devices; "
            f"expected a multiple, such as --batch-size {near}"
        )
    with keras.distribution.DataParallel(devices=present[:devices]).scope():
        yield


def device_count() -> int:
    """Return how many devices share a batch here."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.device_mesh.devices.size)
