"""A pool of processes on this machine, each of which may die without affecting the others.

`multiprocessing` starts its children with the current folder on Python's path, and its executors
fail as a whole when one of their processes is killed, without naming the task. So each worker is a
process that runs this module: it gets one task at a time over a socket, and only that task fails.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe, wait
from queue import SimpleQueue

from fer_edge.child import clean_environment, module_command
from fer_edge.errors import FerEdgeError

from .engine import LOST, MOST_LOSSES, OnLoss, OnTick
from .work import Failed, Outcome, Task, Tick, do_task, use_one_core

_MODULE = "fer_edge.runtime.archive.pool"


class ProcessPool:
    """A pool of worker processes."""

    def __init__(self, workers: int | None = None) -> None:
        """Set the number of workers; they start with the first tasks.

        Args:
            workers: None uses one for each core that this process may use.
        """
        self.workers = workers or len(os.sched_getaffinity(0))

    def run(self, tasks: Iterable[Task], on_tick: OnTick, on_loss: OnLoss) -> Iterator[Outcome]:
        """Run tasks; see `Engine`.

        Raises:
            FerEdgeError: A worker cannot be started.
        """
        waiting, losses = deque(tasks), Counter[str]()
        idle, busy = list[_Worker](), dict[Connection, tuple[_Worker, Task]]()
        try:
            idle += (_Worker() for _ in range(min(self.workers, len(waiting))))
            while waiting or busy:
                while waiting and idle:
                    worker, task = idle.pop(), waiting.popleft()
                    busy[worker.connection] = worker, task
                    worker.submit(task)
                for connection in wait(list(busy)):
                    worker, task = busy[connection]  # type: ignore[index]
                    message = worker.receive()
                    if isinstance(message, Tick):
                        on_tick(message)
                        continue
                    del busy[worker.connection]
                    idle.append(worker if message else worker.replaced())
                    if message is None:
                        losses[task.unit.name] += 1
                        is_again = losses[task.unit.name] < MOST_LOSSES
                        on_loss(task, is_again)
                        if is_again:
                            waiting.append(task)
                            continue
                        message = Failed(task.unit, LOST)
                    yield message
        finally:
            for worker in (*idle, *(worker for worker, _ in busy.values())):
                worker.stop()


class _Worker:
    """One worker process, which survives failed tasks and ends with this process."""

    def __init__(self) -> None:
        self.connection, theirs = Pipe()
        descriptor = theirs.fileno()
        try:
            # Ctrl-C is for the main process, which ends this one
            with theirs, _blocked(signal.SIGINT):
                self._process = subprocess.Popen(
                    module_command(_MODULE, str(descriptor)),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(descriptor,),
                    env=clean_environment(),
                )
        except OSError as error:
            self.connection.close()
            raise cannot_start(error) from error

    def submit(self, task: Task) -> None:
        """Assign a task."""
        with suppress(OSError):  # it was killed while it was idle: `receive` reports it
            self.connection.send(task)

    def receive(self) -> Tick | Outcome | None:
        """Return its next message; None if it died."""
        try:
            message: Tick | Outcome = self.connection.recv()
        except (EOFError, OSError):
            return None
        return message

    def replaced(self) -> "_Worker":
        """Return a replacement for a worker that died."""
        self.stop()
        return _Worker()

    def stop(self) -> None:
        """Kill it immediately."""
        self.connection.close()
        self._process.kill()
        self._process.wait()


def cannot_start(error: OSError) -> FerEdgeError:
    """Format one line for an operating system that refuses another process."""
    return FerEdgeError(
        f"a worker process cannot be started: {error.strerror or error}; pass fewer --workers, or "
        "raise the limits of this process (ulimit -n, ulimit -u)"
    )


@contextmanager
def _blocked(number: signal.Signals) -> Iterator[None]:
    """Block a signal; a child process that is started in the block never gets it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def main() -> None:
    """Do the tasks that arrive on the socket with this descriptor, until its other end closes."""
    connection = Connection(int(sys.argv[1]))
    tasks = SimpleQueue[Task]()
    threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()
    use_one_core()
    with suppress(OSError):  # the main process is gone, and `_receive` ends this one
        while True:
            connection.send(do_task(tasks.get(), connection.send))


def _receive(connection: Connection, tasks: "SimpleQueue[Task]") -> None:
    """Queue arriving tasks; end this process with the main process, also within a task."""
    try:
        while True:
            tasks.put(connection.recv())
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
