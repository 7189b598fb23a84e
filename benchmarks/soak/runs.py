"""Observed runs: processes with the outputs of a service."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from tests.support.mqtt_broker import MOSQUITTO, BrokerProcess

from .camera import Camera

_VIEWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Watched:
    """An observed run.

    Attributes:
        name: Name of the run and of its stream.
        process: Process of the run.
        page: Address of its page.
        lines: File of its JSON lines.
    """

    name: str
    process: "subprocess.Popen[bytes]"
    page: str
    lines: Path

    def frames(self) -> int:
        """Return the number of processed frames, by counting the lines."""
        if not self.lines.exists():
            return 0
        with self.lines.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Start Mosquitto; yield its port.

    Raises:
        ClickException: It is not installed.
    """
    if MOSQUITTO is None:
        raise click.ClickException("Mosquitto is not installed; make parts installs it")
    started = BrokerProcess(folder)
    started.start()
    try:
        yield started.port
    finally:
        started.stop()


@contextmanager
def runs(camera: Camera, broker_port: int, folder: Path) -> Iterator[list[Watched]]:
    """Start both runs; they are stopped by SIGTERM after the block."""
    with ExitStack() as ends:
        found = []
        for name, module in (("steady", "fer_edge"), ("moody", "benchmarks.soak.reopened")):
            port = free_port()
            lines = folder / f"{name}.jsonl"
            command = [
                *(sys.executable, "-m", module, "run", "--input", camera.address(name)),
                *("--quiet", "--jsonl", lines, "--web", f"127.0.0.1:{port}"),
                *("--mqtt", f"mqtt://127.0.0.1:{broker_port}/soak/{name}", "--mqtt-every", "1"),
            ]
            with (folder / f"{name}.log").open("wb") as log:
                process = subprocess.Popen(list(map(str, command)), stderr=log)
            ends.callback(_end, process)
            found.append(Watched(name, process, f"http://127.0.0.1:{port}", lines))
        yield found


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def view(run: Watched) -> int:
    """View a run's page for some seconds; return the number of bytes received."""
    until_s, received = time.monotonic() + _VIEWER_S, 0
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{run.page}/api/state") as state:
        received += len(state.read())
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"{run.page}/stream.mjpg", timeout=5) as stream,
    ):
        while time.monotonic() < until_s and (part := stream.read1()):
            received += len(part)
    return received
