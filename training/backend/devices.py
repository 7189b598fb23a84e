"""Several devices through Keras' distribution API: each takes its share of every batch.

The faces and the weights stand on every device; a batch, and so the work, is divided. Batch
normalization and the loss see the whole batch, so a run learns what it would on one device.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from fer_edge.errors import TrainingError

from .cluster import Cluster
from .keras3 import keras
from .processes import join, lost_partners_are_named


@contextmanager
def spread(cluster: Cluster, batch_size: int) -> Iterator[None]:
    """Train, inside the block, on the first devices of each process.

    What trains must be built inside the block, too.

    Args:
        cluster: The processes, and how many devices each has; a single device of a single process
            leaves everything as it is.
        batch_size: Of the training, all devices together.

    Raises:
        TrainingError: Keras cannot do that on its backend, there are fewer, the batch does not
            divide, or the processes do not meet.
    """
    if cluster == Cluster():
        yield
        return
    backend = keras.backend.backend()
    if backend != "jax":
        raise TrainingError(
            f"Keras distributes over several devices on JAX only, and runs on {backend}; "
            "run with KERAS_BACKEND=jax, or with --devices 1 and without --coordinator"
        )
    if not cluster.is_alone:
        join(cluster)
        keras.utils.set_random_seed(0)  # weights are drawn everywhere, and must be the same
    names = _devices(cluster.devices)
    if batch_size % len(names):
        near = max(1, round(batch_size / len(names))) * len(names)
        raise TrainingError(
            f"a batch of {batch_size} does not divide among {len(names)} devices; "
            f"expected a multiple, such as --batch-size {near}"
        )
    shared = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    with shared.scope(), nullcontext() if cluster.is_alone else lost_partners_are_named():
        yield


def device_count() -> int:
    """Return how many devices share a batch here."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.device_mesh.devices.size)


def _devices(each: int) -> list[str]:
    """Return the names of the first devices of each process, in the order of the processes.

    Raises:
        TrainingError: This process has fewer.
    """
    import jax

    own = jax.local_devices()
    if each > len(own):
        there = ", ".join(f"{device.platform}:{device.id}" for device in own)
        raise TrainingError(
            f"there are {len(own)} devices ({there}); expected {each}; pass --devices {len(own)} "
            "at most"
        )
    by_process = [jax.local_devices(number) for number in range(jax.process_count())]
    return [f"{device.platform}:{device.id}" for mine in by_process for device in mine[:each]]
