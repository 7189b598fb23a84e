"""Wheels for a device without internet access, downloaded here with pip's platform options."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from fer_edge.child import clean_environment
from fer_edge.errors import DeployError
from fer_edge.files import UNREADABLE_ARCHIVE, cannot_write

from .own_wheel import EXTRAS, OwnWheel
from .situation import Facts, Python

_OLDEST_GLIBC_MINOR = 17
"""glibc of manylinux2014, the oldest that current wheels are built for."""
_KEPT = 4
"""Number of folders of the cache that stay however old they are; each has hundreds of MB."""
_UNUSED_S = 24 * 3600.0
_UNFINISHED = ".part-"
"""Start of the names of folders of downloads that have not finished."""


def wheel_cache() -> Path:
    """Return the cache folder for wheels."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "fer-edge" / "wheels"


def collect_wheels(wheel: OwnWheel, facts: Facts, python: Python, identity: str) -> list[Path]:
    """Download the wheels for a device; from the cache if possible.

    Args:
        wheel: Wheel of fer-edge.
        facts: Facts about the device.
        python: Python to use on the device.
        identity: Digest of the environment; name of the folder in the cache.

    Returns:
        The wheels of fer-edge, its requirements and pip.

    Raises:
        DeployError: pip found no wheel, or is missing.
        OutputError: The cache cannot be written.
    """
    first, second = python.minor
    folder = wheel_cache() / f"{identity}-{facts.machine}-cp{first}{second}-{facts.glibc}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(folder):  # a fleet of equal devices needs one download
            if not folder.is_dir():
                _collect(folder, wheel, facts, python)
            os.utime(folder)
        _remove_unused(folder.parent)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return sorted(folder.glob("*.whl"))


def wheels_of(folder: Path) -> list[Path]:
    """Return the wheels of a user's folder.

    Raises:
        DeployError: There are none.
    """
    found = sorted(folder.glob("*.whl")) if folder.is_dir() else []
    if not found:
        raise DeployError(
            f"{folder} has no wheels; expected .whl files, for example from pip download"
        )
    return found


def unpacked_mb(wheels: Sequence[Path]) -> int:
    """Return the disk space that wheels need on a device during installation, in MB.

    Raises:
        DeployError: A file is not a wheel.
    """
    total = 0
    for path in wheels:
        try:
            with zipfile.ZipFile(path) as archive:
                total += sum(item.file_size for item in archive.infolist()) + path.stat().st_size
        except UNREADABLE_ARCHIVE as error:
            raise DeployError(f"{path} is not a readable wheel: {error}") from error
    return total // 1_000_000


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of a cache folder: for one thread of one process."""
    with folder.with_name(f".{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _remove_unused(cache: Path) -> None:
    """Remove the folders that no deployment has used for a day, but not the newest ones."""
    folders = [path for path in cache.glob("[!.]*") if path.is_dir()]
    unused_s = time.time() - _UNUSED_S
    for folder in sorted(folders, key=_used_s, reverse=True)[_KEPT:]:
        with suppress(OSError), _only_one(folder):  # of another user: it stays
            if _used_s(folder) < unused_s:  # renamed first: a half removed one would count as whole
                folder.rename(cache / f"{_UNFINISHED}{folder.name}")
    for folder in cache.glob(f"{_UNFINISHED}*"):  # also those of a process that was killed
        if _used_s(folder) < unused_s:
            shutil.rmtree(folder, ignore_errors=True)


def _used_s(folder: Path) -> float:
    """Return when a folder was last used, in seconds since 1970; 0 if it has been removed."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _collect(folder: Path, wheel: OwnWheel, facts: Facts, python: Python) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=_UNFINISHED) as name:
        part = Path(name) / "wheels"
        part.mkdir()
        own = part / wheel.name
        own.write_bytes(wheel.data)
        _download(_arguments(own, part, facts, python), _markers(facts, python))
        part.replace(folder)


def _arguments(own: Path, folder: Path, facts: Facts, python: Python) -> list[str]:
    first, second = python.minor
    words = ["download", "--quiet", "--disable-pip-version-check", "--no-input"]
    words += ["--only-binary=:all:", "--dest", str(folder), "--implementation", "cp"]
    words += ["--python-version", f"{first}.{second}"]
    words += ["--abi", f"cp{first}{second}", "--abi", "abi3", "--abi", "none"]
    for name in _platforms(facts):
        words += ["--platform", name]
    return [*words, f"{own}[{EXTRAS}]", "pip"]


def _platforms(facts: Facts) -> list[str]:
    """Return the platforms whose wheels run there, the newest first."""
    major, _, minor = facts.glibc.partition(".")
    if major != "2" or not minor.isdigit():
        raise DeployError(
            f"the device has {facts.system} without glibc 2; LiteRT has wheels for glibc only"
        )
    versions = range(int(minor), _OLDEST_GLIBC_MINOR - 1, -1)
    names = [f"manylinux_2_{version}_{facts.machine}" for version in versions]
    return [*names, f"manylinux2014_{facts.machine}", f"linux_{facts.machine}"]


def _markers(facts: Facts, python: Python) -> dict[str, str]:
    first, second = python.minor
    return {
        "python_version": f"{first}.{second}",
        "python_full_version": python.version,
        "implementation_version": python.version,
        "platform_machine": facts.machine,
        "platform_system": "Linux",
        "sys_platform": "linux",
        "os_name": "posix",
    }


def _download(arguments: list[str], markers: dict[str, str]) -> None:
    script = Path(__file__).with_name("pip_for_device.py")
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(markers), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(),
    )
    if done.returncode == 0:
        return
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if any("No module named 'pip" in line for line in lines):
        raise DeployError("pip is not installed here; run: python -m ensurepip")
    errors = [line for line in lines if line.startswith("ERROR: ")] or lines or ["pip failed"]
    raise DeployError(f"the device's wheels cannot be downloaded: {errors[-1]}")
