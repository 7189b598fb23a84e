"""Several devices with Keras's distribution API: each processes a share of every batch.

Faces and weights are stored on every device; the batch, and so the work, is divided. Batch
normalization and the loss use the whole batch, so the result is the same as on one device.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from fer_edge.errors import ConfigError, TrainingError

from .cluster import Cluster
from .keras3 import keras
from .processes import join, lost_partners_are_named


@contextmanager
def spread(cluster: Cluster, batch_size: int) -> Iterator[None]:
    """Train on the first devices of each process inside the block.

    Everything that trains must also be built inside the block.

    Args:
        cluster: The processes and their number of devices; nothing changes for a single device of a
            single process.
        batch_size: Batch size of the training, for all devices together.

    Raises:
        ConfigError: Keras's backend does not support it, or the batch cannot be divided.
        TrainingError: There are fewer devices, or the processes do not connect.
    """
    if cluster == Cluster():
        yield
        return
    backend = keras.backend.backend()
    if backend != "jax":
        raise ConfigError(
            f"Keras can use several devices with JAX only, but runs on {backend}; set "
            "KERAS_BACKEND=jax, or pass --devices 1 and omit --coordinator"
        )
    if not cluster.is_alone:
        join(cluster)
        keras.utils.set_random_seed(0)  # weights are initialized in every process and must be equal
    names = _devices(cluster.devices)
    if batch_size % len(names):
        near = max(1, round(batch_size / len(names))) * len(names)
        raise ConfigError(
            f"a batch of {batch_size} cannot be divided among {len(names)} devices; expected a "
            f"multiple, such as --batch-size {near}"
        )
    shared = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    with shared.scope(), nullcontext() if cluster.is_alone else lost_partners_are_named():
        yield


def device_count() -> int:
    """Return the number of devices that share a batch."""
    distribution = keras.distribution.distribution()
    return 1 if distribution is None else int(distribution.device_mesh.devices.size)


def _devices(each: int) -> list[str]:
    """Return the names of the first devices of each process, in process order.

    Raises:
        TrainingError: This process has fewer devices.
    """
    import jax

    own = jax.local_devices()
    if each > len(own):
        there = ", ".join(f"{device.platform}:{device.id}" for device in own)
        raise TrainingError(
            f"found {len(own)} devices ({there}); expected {each}; pass at most --devices "
            f"{len(own)}"
        )
    by_process = [jax.local_devices(number) for number in range(jax.process_count())]
    return [f"{device.platform}:{device.id}" for mine in by_process for device in mine[:each]]
