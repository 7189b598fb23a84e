"""One virtual machine, with its own disk, for all tests of this folder."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .image import build, missing_programs
from .machine import Machine
from .service import Service

FOLDER = os.environ.get("FER_EDGE_DEVICE")
HERE = Path(__file__).resolve().parent


def why_not() -> str | None:
    """Return the reason why no machine can be started here, or None."""
    if not FOLDER:
        return "run by `make test-device`: it takes half an hour"
    if missing := missing_programs():
        return f"needs {', '.join(missing)}"
    return "needs root, to make a root file system" if os.geteuid() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if reason := why_not():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@contextmanager
def running(folder: Path) -> Iterator[Machine]:
    """Build a machine with this checkout if necessary, and run it on a copy of its disk."""
    build(folder)
    disk = folder / "in-use.img"
    copy = ["cp", "--sparse=always", "--reflink=auto", str(folder / "disk.img"), str(disk)]
    subprocess.run(copy, check=True)
    box = Machine(folder, disk)
    try:
        print(f"\nssh answers {box.start():.0f} s after power on ({box.accelerator})")
        yield box
    finally:
        box.stop()
        disk.unlink()


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Provide a running machine with this checkout and a fresh disk."""
    assert FOLDER is not None
    with running(Path(FOLDER).resolve()) as box:
        yield box


@pytest.fixture
def service(machine: Machine) -> Iterator[Service]:
    """Provide a service that is not installed yet; remove it after the test."""
    made = Service(machine)
    yield made
    made.remove()
