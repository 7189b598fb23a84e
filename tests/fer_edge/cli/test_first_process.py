"""`fer-edge` as process 1 of a container; the last tests create a PID namespace for it."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.cli.first_process import leave_first_process

AS_FIRST = """
import os, signal, sys, time
from fer_edge.cli.first_process import leave_first_process
first, os.getpid = os.getpid(), lambda: 1
leave_first_process()
assert os.getppid() == first
"""
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP])
def test_process_1_passes_a_signal_on_and_ends_as_a_shell_reports_it(
    number: signal.Signals, tmp_path: Path
) -> None:
    code = AS_FIRST + "print('ready', flush=True)\ntime.sleep(60)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 128 + number


def test_process_1_ends_with_the_code_of_the_command_not_of_an_orphan() -> None:
    orphan = "os.spawnlp(os.P_NOWAIT, 'true', 'true')\ntime.sleep(0.2)\n"
    code = AS_FIRST + orphan + "sys.exit(7)\n"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=20)
    assert done.returncode == 7


def test_ctrl_c_on_a_terminal_arrives_once() -> None:
    code = AS_FIRST + (
        "signal.signal(signal.SIGINT, lambda *_: print('interrupted'))\n"
        "print('ready', flush=True)\n"
        "end_s = time.monotonic() + 1\n"
        "while time.monotonic() < end_s: time.sleep(0.1)\n"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", code])
    said, was_sent = b"", False
    while True:
        try:
            part = os.read(terminal, 100)
        except OSError:  # Linux reports the end of a terminal as an error
            break
        said += part
        if b"ready" in said and not was_sent:
            was_sent = os.write(terminal, b"\x03") == 1
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert said.count(b"interrupted") == 1


def test_any_other_process_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("it started a child process"))
    leave_first_process()


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a stream that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/stream"


def wait_for_child(parent: int) -> int:
    """Return the first child of a process."""
    path, end_s = Path(f"/proc/{parent}/task/{parent}/children"), time.monotonic() + 20
    while time.monotonic() < end_s:
        if children := path.read_text("ascii").split():
            return int(children[0])
        time.sleep(0.01)
    raise AssertionError("no child process")


@pytest.mark.parametrize(
    ("number", "after_s"),
    [(signal.SIGTERM, 0.0), (signal.SIGINT, 0.0), (signal.SIGTERM, 3.0), (signal.SIGINT, 3.0)],
)
def test_a_container_ends_at_once_while_its_run_opens_the_source(
    silent: str, number: signal.Signals, after_s: float
) -> None:
    if subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine permits no PID namespace")
    command = [sys.executable, "-m", "fer_edge", "run", "--input", silent, "--on-loss", "wait"]
    process = subprocess.Popen([*NAMESPACE, *command, "--jsonl", "-"], stderr=subprocess.PIPE)
    try:
        first = wait_for_child(process.pid)
        wait_for_child(first)
        time.sleep(after_s)
        os.kill(first, number)
        process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 128 + number
