"""Devices that cannot run fer-edge, each with a real sshd: one clear line, and no change."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.ssh_device import SSHD, SshDevice

from .conftest import deploy_with

MakeUnfit = Callable[[str], SshDevice]


@pytest.fixture
def unfit(tmp_path: Path) -> Iterator[MakeUnfit]:
    """Make a device whose only program is python3, a script with the given text."""
    if not Path(SSHD).exists() or shutil.which("ssh") is None:
        pytest.skip("OpenSSH's server or client is not installed (make parts)")
    started = []

    def make(python: str) -> SshDevice:
        device = SshDevice(tmp_path / "ssh", tmp_path / "home", path=str(tmp_path / "none"))
        device.programs.mkdir(parents=True)
        program = device.programs / "python3"
        program.write_text(python)
        program.chmod(0o755)
        started.append(device.start())
        return device

    yield make
    for device in started:
        device.stop()


def python_that_says(change: str) -> str:
    """Return the text of a python3 that runs a statement before CODE of `-I -c CODE`."""
    return (
        f'#!/bin/sh\nexec {sys.executable} -I -c "import platform, sys; {change}; '
        'exec(sys.argv[1])" "$3"\n'
    )


def version(*numbers: int) -> str:
    text = ".".join(map(str, numbers))
    return f"sys.version_info = ({text.replace('.', ', ')}, 'final', 0); sys.version = '{text} x'"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("platform.machine = lambda: 'armv6l'", ("armv6l", "expected x86_64 or aarch64")),
        ("platform.machine = lambda: 'riscv64'", ("riscv64", "--wheels")),
        (version(3, 8, 10), ("python3 3.8.10", "expected 64 bits and 3.10 or newer")),
        (version(3, 6, 9), ("python3 is 3.6.9", "expected Python 3.10 or newer")),
        ("sys.maxsize = 2**31 - 1", ("of 32 bits", "expected 64 bits")),
    ],
)
def test_an_unfit_device_is_left_alone(
    unfit: MakeUnfit, door: Path, change: str, said: tuple[str, ...]
) -> None:
    device = unfit(python_that_says(change))
    done = deploy_with(device, "device", "--config", door, "--offline")
    assert done.exit_code == 1
    line = done.stderr.strip().splitlines()[-1]
    assert all(text in line for text in ("fer-edge: error: device: ", *said)), line
    assert list(device.home.iterdir()) == []
