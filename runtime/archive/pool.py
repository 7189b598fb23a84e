"""A pool of processes on this machine, each of which may die without affecting the others.

A `ProcessPoolExecutor` fails as a whole when one of its processes is killed, without naming the
task. So each worker is an executor with one process: only one known task fails.
"""

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import cast

from .engine import LOST, MOST_LOSSES, OnTick
from .work import Failed, Outcome, Task, Tick, do_task, use_one_core

_LOOK_EVERY_S = 0.5


class ProcessPool:
    """A pool of worker processes."""

    def __init__(self, workers: int | None = None) -> None:
        """Set the number of workers; they start with the first tasks.

        Args:
            workers: None uses one for each core that this process may use.
        """
        self.workers = workers or len(os.sched_getaffinity(0))

    def run(
        self, tasks: Iterable[Task], on_tick: OnTick, on_loss: Callable[[Task], object]
    ) -> Iterator[Outcome]:
        """Run tasks; see `Engine`."""
        waiting, losses = deque(tasks), Counter[str]()
        idle = [_Worker() for _ in range(min(self.workers, len(waiting)))]
        busy: dict[Future[Outcome], tuple[_Worker, Task]] = {}
        try:
            while waiting or busy:
                while waiting and idle:
                    worker, task = idle.pop(), waiting.popleft()
                    busy[worker.submit(task)] = worker, task
                done, _ = wait(busy, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
                for worker, _ in busy.values():
                    for tick in worker.ticks():
                        on_tick(tick)
                for future in done:
                    worker, task = busy.pop(future)
                    outcome = _outcome(future)
                    idle.append(worker if outcome else worker.replaced())
                    if outcome is None:
                        on_loss(task)
                        losses[task.unit.name] += 1
                        if losses[task.unit.name] < MOST_LOSSES:
                            waiting.append(task)
                            continue
                        outcome = Failed(task.unit, LOST)
                    yield outcome
        finally:
            for worker in (*idle, *(worker for worker, _ in busy.values())):
                worker.stop()


def _outcome(future: "Future[Outcome]") -> Outcome | None:
    """Return the message of a worker; None if it died."""
    try:
        return future.result()
    except BrokenProcessPool:
        return None


class _Worker:
    """One worker process, which survives failed tasks and ends with this process."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        # the worker ends when the other end of `life` is closed, also by the death of this
        # process
        life, self._life = context.Pipe(duplex=False)
        self._ticks, ticks = context.Pipe(duplex=False)
        self._theirs = (life, ticks)
        self._executor = ProcessPoolExecutor(
            1, mp_context=context, initializer=_start, initargs=(life, ticks)
        )

    def submit(self, task: Task) -> "Future[Outcome]":
        """Assign a task."""
        try:
            future = self._executor.submit(_work, task)
        except BrokenProcessPool as error:  # killed while it was idle
            future = Future()
            future.set_exception(error)
        for connection in self._theirs:  # its process has started, and has its own
            connection.close()
        return future

    def ticks(self) -> Iterator[Tick]:
        """Yield new messages."""
        try:
            while self._ticks.poll():
                yield self._ticks.recv()
        except (EOFError, OSError):  # it died
            return

    def replaced(self) -> "_Worker":
        """Return a replacement for a worker that died."""
        self.stop()
        return _Worker()

    def stop(self) -> None:
        """Kill it immediately."""
        self._life.close()
        self._ticks.close()
        for connection in self._theirs:
            connection.close()
        self._executor.shutdown(wait=False, cancel_futures=True)


_to_driver: Connection | None = None


def _start(life: Connection, ticks: Connection) -> None:
    """Initialize a worker process."""
    global _to_driver
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is for the main process, which ends this one
    _to_driver = ticks
    use_one_core()
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()


def _end_with(life: Connection) -> None:
    try:
        life.recv()
    except (EOFError, OSError):
        os._exit(0)


def _work(task: Task) -> Outcome:
    return do_task(task, _say)


def _say(tick: Tick) -> None:
    try:
        cast(Connection, _to_driver).send(tick)
    except OSError:  # the main process is gone, and this process is about to end
        return
