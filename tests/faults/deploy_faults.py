"""Signals at random moments of a deployment to a device with a real sshd and systemd."""

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.camera import Camera
from tests.faults.fault import Fault, LackingError
from tests.faults.program import Started
from tests.runtime.deploy.conftest import write_config
from tests.runtime.deploy.test_faults import agents, assert_whole, is_active
from tests.support.ssh_device import SSHD, SYSTEMD, SshDevice
from tests.support.stub_wheels import stub_wheels

_LONGEST_S = 400.0


@dataclass(frozen=True, slots=True)
class Door:
    """A device with a release and its service.

    Attributes:
        device: The device.
        camera: Camera that the configurations name.
        wheels: Folder for `--wheels`.
        whole_s: Duration of an undisturbed deployment of a changed configuration, in seconds.
    """

    device: SshDevice
    camera: Camera
    wheels: Path
    whole_s: float

    def deploy(self, folder: Path, config: Path, *words: object) -> Started:
        """Start the deployment of a configuration; return its process."""
        options = ("--config", config, "--wheels", self.wheels, "--ssh-config", self.device.config)
        return Started(["deploy", "device", *options, *words], folder)


@contextmanager
def _door() -> Iterator[Door]:
    if os.geteuid() or not SYSTEMD.exists() or not Path(SSHD).exists() or not shutil.which("ssh"):
        raise LackingError("root, systemd and OpenSSH (make parts)")
    with tempfile.TemporaryDirectory(prefix="fer-edge-fault-") as name, Camera() as camera:
        folder = Path(name)
        device = SshDevice(folder / "ssh", folder / "home").start()
        try:
            device.start_systemd()
            wheels = stub_wheels(_made(folder / "wheels"), "mqtt", "web")
            door = Door(device, camera, wheels, 0.0)
            for number in range(2):
                config = write_config(folder / f"{number}.toml", f"{camera.url}&n={number}")
                started_s = time.monotonic()
                outcome = door.deploy(folder, config, "--watchdog", 4).wait(_LONGEST_S)
                if outcome.code != 0:
                    raise LackingError(f"deploy does not work: {outcome.errors[-500:]}")
            yield Door(device, camera, wheels, time.monotonic() - started_s)
        finally:
            device.stop()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def deploy(chance: random.Random, folder: Path, door: Door) -> list[str]:
    """End a deployment, or its agent on the device, at a random moment; then deploy again."""
    device, before = door.device, assert_whole(door.device)
    config = write_config(folder / "door.toml", f"{door.camera.url}&n={chance.random()}")
    program = door.deploy(folder, config)
    time.sleep(chance.uniform(0.0, door.whole_s))
    number = chance.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    if chance.random() < 0.3:
        for pid in agents(device):
            os.kill(pid, signal.SIGKILL)
    else:
        program.send(number)
    outcome = program.wait(_LONGEST_S)
    faults = [] if "Traceback" not in outcome.errors else [outcome.errors[-300:]]
    if not _is_quiet(device):
        faults.append("an agent continues")
    if assert_whole(device) not in (before, before + 1):
        faults.append(f"release {assert_whole(device)} behind release {before}")
    again = door.deploy(folder, config).wait(_LONGEST_S)
    faults += [] if again.code == 0 else [f"exit code {again.code}: {again.errors[-300:]!r}"]
    faults += [] if is_active(device) else ["the service does not run"]
    releases = (device.base / "releases").iterdir()
    return faults + [f"{path.name} is half" for path in releases if not _is_finished(path)]


def _is_quiet(device: SshDevice) -> bool:
    """Wait for the end of all agents on the device; return whether they have ended."""
    end_s = time.monotonic() + _LONGEST_S
    while agents(device) and time.monotonic() < end_s:
        time.sleep(0.05)
    return not agents(device)


def _is_finished(release: Path) -> bool:
    return (release / "release.json").exists()


DEPLOY_FAULTS = (
    Fault("deploy ended", "the old or the new release, whole; then another", deploy, 40, _door),
)
