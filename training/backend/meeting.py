"""Rendezvous of the processes of a cluster, before JAX connects them.

If a process is missing, JAX aborts the others, without an exception to catch. Here each process
gets one sentence that names the missing ones. The first process listens where JAX will listen.
"""

import socket
import time
from contextlib import ExitStack, suppress

from fer_edge.errors import TrainingError

from .cluster import Cluster

PATIENCE_S = 300.0
"""Time that the queue of a cluster may take to start the last process."""

_GO = "go"
_POLL_S = 0.2
_ANSWER_S = 5.0
_LONGEST_LINE = 300


def meet(cluster: Cluster, patience_s: float = PATIENCE_S) -> None:
    """Wait until every process has connected.

    Args:
        cluster: Cluster with a coordinator address.
        patience_s: Timeout in seconds.

    Raises:
        TrainingError: A process is missing or ended, two have the same number, or their counts
            differ.
    """
    if cluster.processes == 1:
        return
    end_s = time.monotonic() + patience_s
    if cluster.process_id == 0:
        _receive(cluster, end_s)
    else:
        _report(cluster, end_s)


def _receive(cluster: Cluster, end_s: float) -> None:
    """Receive the messages of all other processes, and send them the result."""
    _, port = _address(cluster)
    with ExitStack() as stack:
        try:
            server = stack.enter_context(_server(port))
        except OSError as error:
            raise TrainingError(
                f"cannot listen on port {port}: {error.strerror}; choose a free port in "
                "--coordinator, the same for all processes"
            ) from error
        there: dict[int, socket.socket] = {}
        wrong = ""
        while not wrong and not _is_complete(there, cluster):
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                missing = sorted(set(range(1, cluster.processes)) - there.keys())
                wrong = f"process {', '.join(map(str, missing))} did not connect"
                break
            server.settimeout(left_s)
            try:
                line = stack.enter_context(server.accept()[0])
            except TimeoutError:
                continue
            wrong = _take(line, cluster, there)
        answer = wrong or _GO
        for number, line in there.items():
            if not _say(line, answer):
                wrong = wrong or f"process {number} ended"
    if wrong:
        raise TrainingError(f"{wrong}; start one process for each of --processes")


def _is_complete(there: dict[int, socket.socket], cluster: Cluster) -> bool:
    """Forget the processes that ended; return whether all others are there."""
    for number in [number for number, line in there.items() if _is_closed(line)]:
        del there[number]  # its replacement may connect
    return len(there) == cluster.processes - 1


def _is_closed(line: socket.socket) -> bool:
    """Return whether the other end of a connection was closed; it sends nothing anymore."""
    line.setblocking(False)
    try:
        return not line.recv(1)
    except BlockingIOError:
        return False
    except OSError:  # reset
        return True
    finally:
        line.settimeout(_ANSWER_S)


def _take(line: socket.socket, cluster: Cluster, there: dict[int, socket.socket]) -> str:
    """Add a process; return the error, or an empty text."""
    line.settimeout(_ANSWER_S)
    words = _read_line(line).split()
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        return ""  # not from fer-edge
    number, count = map(int, words)
    if count != cluster.processes:
        wrong = f"process {number} was started with {count} processes, process 0 with "
        wrong += f"{cluster.processes}"
    elif number == 0 or (number in there and not _is_closed(there[number])):
        wrong = f"two processes have the same --process-id {number}"
    else:
        there[number] = line
        return ""
    _say(line, wrong)
    return wrong


def _report(cluster: Cluster, end_s: float) -> None:
    """Report this process, and wait for the others."""
    while True:
        try:
            with socket.create_connection(_address(cluster), timeout=_ANSWER_S) as line:
                line.sendall(f"{cluster.process_id} {cluster.processes}\n".encode())
                line.settimeout(max(1.0, end_s - time.monotonic()) + 5.0)
                said = _read_line(line)
            if said == _GO:
                return
            if said:
                raise TrainingError(f"{said}; start one process for each of --processes")
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            reason = "it closed the connection"
        if time.monotonic() > end_s:
            raise TrainingError(
                f"the first process does not answer at {cluster.coordinator}: {reason}; start "
                "it, and check the address"
            )
        time.sleep(_POLL_S)


def _say(line: socket.socket, text: str) -> bool:
    """Send a line; return whether the other end was still there."""
    with suppress(OSError):
        line.sendall(f"{text}\n".encode())
        return True
    return False


def _read_line(line: socket.socket) -> str:
    data = b""
    try:
        while not data.endswith(b"\n") and len(data) < _LONGEST_LINE:
            chunk = line.recv(_LONGEST_LINE)
            if not chunk:
                break
            data += chunk
    except OSError:
        return ""
    return data.decode("utf-8", "replace").strip()


def _address(cluster: Cluster) -> tuple[str, int]:
    host, _, port = cluster.coordinator.rpartition(":")
    return host.strip("[]"), int(port)


def _server(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
