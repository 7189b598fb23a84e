"""Devices on this machine, for measurements and recordings of `fer-edge deploy`.

Each device has a real sshd with a separate port and home folder, and a real systemd of its user. A
network camera on loopback sends frames to their services. This needs root and the Debian packages
of `make parts`.
"""

import os
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

from tests.support.ssh_device import SshDevice
from tests.support.stream_servers import MotionJpeg


@dataclass(frozen=True, slots=True)
class Loopback:
    """Running devices, and the environment in which programs find them.

    Attributes:
        devices: Devices by ssh name.
        environment: Environment for programs that run `fer-edge` and `ssh`.
        camera: Address of the network camera.
        folder: Folder for files.
    """

    devices: dict[str, SshDevice]
    environment: dict[str, str]
    camera: str
    folder: Path

    def write_config(self, name: str = "door.toml", address: str | None = None) -> Path:
        """Write a configuration for a service that reads the camera, or another address."""
        path = self.folder / name
        path.write_text(
            f'[source]\ninput = "{address or self.camera}"\n\n'
            '[outputs]\nquiet = true\njsonl = "faces.jsonl"\njsonl_on = "change"\n'
        )
        return path


class _Camera(MotionJpeg):
    frames = 100_000_000
    pause_s = 0.1


@contextmanager
def loopback(names: Sequence[str], folder: Path) -> Iterator[Loopback]:
    """Start devices; they are stopped at the end.

    Args:
        names: Names of the devices.
        folder: Empty folder for keys, homes and configurations.
    """
    devices = {name: SshDevice(folder / name / "ssh", folder / name / "home") for name in names}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for device in devices.values():
            device.start()
            device.start_systemd()
        address = f"http://camera:secret@127.0.0.1:{server.server_port}/door"
        yield Loopback(devices, _environment(devices, folder), address, folder)
    finally:
        for device in devices.values():
            device.stop()
        server.shutdown()


def _environment(devices: dict[str, SshDevice], folder: Path) -> dict[str, str]:
    """Return an environment with `ssh` for the devices and this checkout's `fer-edge` in PATH."""
    blocks = [
        device.config.read_text().partition("Host *")[0].replace("Host device", f"Host {name}")
        for name, device in devices.items()
    ]
    (folder / "ssh_config").write_text("".join(blocks))
    binaries = folder / "bin"
    binaries.mkdir()
    commands = {
        "ssh": f"{shutil.which('ssh')} -F {folder}/ssh_config",
        "fer-edge": f"{sys.executable} -m fer_edge",
    }
    for name, command in commands.items():
        (binaries / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (binaries / name).chmod(0o755)
    checkout = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}"}
    environment |= {"PYTHONPATH": checkout, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment
