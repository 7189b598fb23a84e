"""Processes that train together on JAX: common steps and communication.

All processes run the same program in the same order, since every computation of JAX over several
processes needs all of them. So what only one process knows, such as an error, is sent to the others
first.
"""

import atexit
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError

from .cluster import AUTO, Cluster
from .keras3 import keras
from .meeting import meet

_JAX_STATUS = re.compile("[A-Z_]{5,}: ")
"""JAX errors begin with the name of a status, such as UNKNOWN or UNAVAILABLE."""
_forwards: "WeakKeyDictionary[Any, Any]" = WeakKeyDictionary()
"""Network -> its compiled forward pass."""


def join(cluster: Cluster) -> None:
    """Connect to the other processes; JAX must not have computed anything before.

    Raises:
        TrainingError: They do not connect, or the environment does not name them.
    """
    import jax

    if cluster.coordinator != AUTO:
        meet(cluster)
        jax.distributed.initialize(cluster.coordinator, cluster.processes, cluster.process_id)
        return
    try:
        jax.distributed.initialize()
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            "the environment does not name the processes of this training "
            f"({str(error).splitlines()[0]}); start it with srun or mpirun, or pass "
            "--coordinator HOST:PORT"
        ) from error


@contextmanager
def lost_partners_are_named() -> Iterator[None]:
    """Convert JAX's error about an ended process into one sentence.

    Raises:
        TrainingError: JAX lost a process inside the block.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        reason = (str(error) or " ").splitlines()[0]
        if not _JAX_STATUS.match(reason):
            raise
        atexit.register(_leave)
        raise TrainingError(
            f"a training process has ended ({reason}); restart all of them with --resume"
        ) from error


def _leave() -> None:
    """Exit without JAX's shutdown, which waits a minute for the lost process, then aborts."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def process_count() -> int:
    """Return the number of processes that train together."""
    return int(keras.distribution.distribution().num_processes) if _is_shared() else 1


def process_id() -> int:
    """Return the number of this process, from 0."""
    if not _is_shared():
        return 0
    import jax

    return int(jax.process_index())


def own_rows(count: int, batch_size: int) -> NDArray[np.int64]:
    """Return the positions of this process's rows among `count` rows in batches."""
    rows, processes = np.arange(count), process_count()
    batches = [rows[start : start + batch_size] for start in range(0, count, batch_size)]
    return np.concatenate([np.array_split(batch, processes)[process_id()] for batch in batches])


def tell(data: bytes) -> bytes:
    """Return the bytes of the first process, in every process."""
    from jax.experimental import multihost_utils

    size = int(multihost_utils.broadcast_one_to_all(np.array(len(data))))
    padded = np.zeros(size, np.uint8)
    if process_id() == 0:
        padded = np.frombuffer(data, np.uint8)
    return np.asarray(multihost_utils.broadcast_one_to_all(padded), np.uint8).tobytes()


def check_alike(what: str, digest: bytes) -> None:
    """Compare a digest between all processes.

    Raises:
        TrainingError: The digests differ; raised in every process.
    """
    from jax.experimental import multihost_utils

    mine = np.frombuffer(digest, np.uint8)
    found = np.asarray(multihost_utils.process_allgather(mine))
    others = [str(number) for number, row in enumerate(found) if (row != found[0]).any()]
    if others:
        raise TrainingError(
            f"the {what} of process {', '.join(others)} differs from that of process 0; start "
            "all processes with the same files and options"
        )


def predict_shared(network: Any, inputs: NDArray[np.float32], batch_size: int) -> NDArray[Any]:
    """Return the outputs of a network; every process computes its share and gets all outputs.

    `network.predict` would return only the share of each process, and fails.

    Args:
        network: Network built for the distribution that trains.
        inputs: Number of inputs must be divisible by the number of devices.
        batch_size: Batch size of all devices together.
    """
    import jax

    layout = keras.distribution.distribution().get_data_layout(inputs.shape).backend_layout
    nothing_split = jax.sharding.PartitionSpec()  # type: ignore[no-untyped-call]
    everywhere = jax.sharding.NamedSharding(layout.mesh, nothing_split)
    if network not in _forwards:
        _forwards[network] = jax.jit(
            lambda *values: network.stateless_call(*values, training=False)[0],
            out_shardings=everywhere,
        )
    weights = [variable.value for variable in network.trainable_variables]
    others = [variable.value for variable in network.non_trainable_variables]
    said = []
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        own = batch[own_rows(len(batch), len(batch))]
        rows = jax.make_array_from_process_local_data(layout, own)  # type: ignore[no-untyped-call]
        said.append(np.asarray(_forwards[network](weights, others, rows)))
    return np.concatenate(said)


def _is_shared() -> bool:
    distribution = keras.distribution.distribution()
    return distribution is not None and distribution.num_processes > 1
