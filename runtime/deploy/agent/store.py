"""The releases on the device.

    ~/.local/share/fer-edge/          0700, owned by the user; /opt/fer-edge is owned by root
        current -> releases/4         the running release; replaced atomically
        releases/4/                   release.json (written last), model.tflite, config.toml, unit/
            env -> ../../environments/ID
        environments/ID/              a virtual environment; complete.json is written last
        switch.json                   exists while a switch is not confirmed

Releases with the same software share an environment. A folder without its last file is unfinished:
a deployment that died left it, and the next one removes it.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RELEASE = "release.json"
COMPLETE = "complete.json"
_NAMES = ("current", "releases", "environments", "switch.json", "lock")


class Store:
    """The releases of one service."""

    def __init__(self, base: Path, folder_mode: int = 0o700) -> None:
        self.base, self._mode = base, folder_mode
        self.current = base / "current"
        self.releases = base / "releases"
        self.environments = base / "environments"
        self.switch_file = base / "switch.json"

    def open(self) -> None:
        """Create the folders."""
        for folder in (self.base, self.releases, self.environments):
            folder.mkdir(mode=self._mode, parents=True, exist_ok=True)
        self.base.chmod(self._mode)

    def number(self) -> int | None:
        """Return the number of the current release."""
        try:
            return int(Path(os.readlink(str(self.current))).name)
        except (OSError, ValueError):
            return None

    def release(self, number: int) -> Path:
        """Return the folder of a release."""
        return self.releases / str(number)

    def records(self) -> list[dict[str, Any]]:
        """Return the records of the finished releases, the oldest first."""
        found = [_read(folder / RELEASE) for folder in self.releases.glob("[0-9]*")]
        return sorted((item for item in found if item), key=lambda item: int(item["number"]))

    def line(self) -> list[int]:
        """Return the current release and those before it, in the order in which a rollback goes.

        A release that was left by a rollback is not among them.
        """
        before = {int(item["number"]): item.get("before") for item in self.records()}
        found: list[int] = []
        number = self.number()
        while number in before:
            found.append(number)
            older = [item for item in before if item < number]
            number = before[number] if before[number] in older else max(older, default=None)
        return found

    def has_service(self, number: int | None) -> bool:
        """Return whether a service runs a release; False for None."""
        record = None if number is None else _read(self.release(number) / RELEASE)
        return bool(record and record["has_service"])

    def new_release(self) -> Path:
        """Create the folder of the next release, unfinished."""
        taken = [int(path.name) for path in self.releases.glob("[0-9]*")]
        folder = self.release(max(taken, default=0) + 1)
        folder.mkdir(mode=self._mode)
        return folder

    def find_environment(self, identity: str) -> Path | None:
        """Return a finished environment with this software."""
        for folder in self.environments.glob(f"{identity}-*"):
            if (folder / COMPLETE).exists():
                return folder
        return None

    def new_environment(self, identity: str) -> Path:
        """Return the path of a new folder; pip of a dead deployment may still write to another."""
        return self.environments / f"{identity}-{uuid.uuid4().hex[:6]}"

    def clean(self) -> None:
        """Remove unfinished folders of dead deployments."""
        unfinished = [path for path in self.releases.glob("*") if not (path / RELEASE).exists()]
        unfinished += [
            path for path in self.environments.glob("*") if not (path / COMPLETE).exists()
        ]
        for folder in unfinished:
            shutil.rmtree(str(folder), ignore_errors=True)
        for path in self.base.glob(".current-*"):
            path.unlink()

    def prune(self, keep: int) -> list[int]:
        """Keep the current release and those before it; return the numbers of the removed ones.

        Args:
            keep: Number of releases to keep; if fewer ran before, the newest others stay too.
        """
        line = self.line()
        others = [int(item["number"]) for item in reversed(self.records())]
        gone = sorted([*line, *(number for number in others if number not in line)][keep:])
        for number in gone:
            self.remove_release(number)
        used = {path.resolve() for path in self.releases.glob("*/env")}
        for folder in self.environments.glob("*"):
            if folder.resolve() not in used:
                remove_tree(folder, COMPLETE)
        return gone

    def remove_release(self, number: int) -> None:
        """Remove a release; its last file goes first, so that an incomplete one does not count."""
        remove_tree(self.release(number), RELEASE)

    def switch(self, number: int | None) -> None:
        """Point `current` to another release, in one step that survives a power cut."""
        os.sync()
        if number is None:
            self.current.unlink(missing_ok=True)
            return
        temporary = self.base / f".current-{uuid.uuid4().hex[:6]}"
        temporary.symlink_to(Path("releases") / str(number))
        temporary.replace(self.current)
        handle = os.open(str(self.base), os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)

    def open_switch(self) -> dict[str, Any] | None:
        """Return the switch that was not confirmed, for example after a reboot."""
        return _read(self.switch_file)

    def remove(self) -> None:
        """Remove everything that deployments wrote, and nothing else."""
        for name in _NAMES:
            path = self.base / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(str(path), ignore_errors=True)
            elif path.is_symlink() or path.exists():
                path.unlink()
        if not any(self._others()):
            self.base.rmdir()

    def _others(self) -> Iterator[Path]:
        return self.base.iterdir()


def remove_tree(folder: Path, last: str) -> None:
    """Remove a finished folder so that it counts as unfinished immediately."""
    mark = folder / last
    if mark.exists():
        mark.unlink()
    shutil.rmtree(str(folder), ignore_errors=True)


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a small file, completely or not at all."""
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex[:6]}")
    handle = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink()
        raise


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return record
