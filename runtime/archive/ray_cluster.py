"""The engine on a Ray cluster, or on Ray on this machine (extra [ray])."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from fer_edge.ray_connection import connect
from fer_edge.require import require

from .engine import LOST, MOST_LOSSES, OnLoss, OnTick
from .work import Failed, Outcome, Task, Tick, do_task, use_one_core

ray = require("ray", "ray", what="--ray")

_LOOK_EVERY_S = 0.5
_SPARE = 2
"""Number of tasks per worker that are submitted to Ray; the others wait here."""


class RayCluster:
    """Workers on the nodes of a cluster, one per core. Close it when done."""

    def __init__(self, address: str, workers: int | None = None) -> None:
        """Connect, or start Ray on this machine.

        Args:
            address: host:port of the cluster's head node, or "local".
            workers: Number of simultaneous tasks; None uses one per core of the cluster.

        Raises:
            ClusterError: Ray does not answer there, or has another version of Ray or Python.
        """
        connect(address, cores=workers)
        self.workers = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))

    def close(self) -> None:
        """Disconnect; a Ray that was started here ends."""
        ray.shutdown()

    def run(self, tasks: Iterable[Task], on_tick: OnTick, on_loss: OnLoss) -> Iterator[Outcome]:
        """Run tasks; see `Engine`.

        Ray itself restarts a task when its node or worker dies.
        """
        waiting, inbox = iter(tasks), ray.remote(num_cpus=0, max_restarts=-1)(_Inbox).remote()
        # a lost node kills a task each time; out of memory is counted separately
        work = ray.remote(num_cpus=1, max_retries=MOST_LOSSES)(_work)
        busy: dict[Any, Task] = {}
        try:
            while True:
                for task in islice(waiting, _SPARE * self.workers - len(busy)):
                    busy[work.remote(task, inbox)] = task
                if not busy:
                    return
                done, _ = ray.wait(list(busy), num_returns=1, timeout=_LOOK_EVERY_S)
                for tick in _ticks(inbox):
                    on_tick(tick)
                for reference in done:
                    task = busy.pop(reference)
                    yield _outcome(reference, task, on_loss)
        finally:
            for reference in busy:
                ray.cancel(reference, force=True)


def _outcome(reference: Any, task: Task, on_loss: OnLoss) -> Outcome:
    try:
        outcome: Outcome = ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # such as another version of fer-edge on that node
        return Failed(task.unit, " ".join(str(error.cause or error).split())[:300])
    except ray.exceptions.RayError:
        on_loss(task, False)  # Ray has tried it again
        return Failed(task.unit, LOST)
    return outcome


def _ticks(inbox: Any) -> list[Tick]:
    try:
        found: list[Tick] = ray.get(inbox.take.remote(), timeout=_LOOK_EVERY_S)
    except ray.exceptions.RayError:  # missing progress is not a failure
        return []
    return found


def _work(task: Task, inbox: Any) -> Outcome:
    """Run on a node."""
    use_one_core()
    return do_task(task, inbox.put.remote)


class _Inbox:
    """Keeps the last tick of each unit until the main process asks for it."""

    def __init__(self) -> None:
        self._ticks: dict[str, Tick] = {}

    def put(self, tick: Tick) -> None:
        self._ticks[tick.unit] = tick

    def take(self) -> list[Tick]:
        ticks, self._ticks = list(self._ticks.values()), {}
        return ticks
