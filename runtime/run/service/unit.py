"""How `fer-edge run` becomes a service, and what would keep it from working."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from fer_edge.cli.needs import Needs

MARK = "# Written by fer-edge service"


@dataclass(frozen=True, slots=True)
class Unit:
    """How a run becomes a service.

    Attributes:
        name: Of the unit, without `.service`.
        executable: The command that is started: `fer-edge`, or Python with `-m fer_edge`.
        config_file: Where the configuration of the run stands.
        is_system: A unit of the system; else one of the user who installs it.
        user: Who runs it; None for a user that systemd makes for it, or for a user's own unit.
        groups: Groups that may open its devices.
        memory_mib: The most memory it may take, in MiB.
        watchdog_s: Without a frame for so long it is started again; 0 never.
        secrets: Names of the variables that it gets as credentials.
        systemd: Version of systemd that it is written for.
    """

    name: str
    executable: tuple[str, ...]
    config_file: Path
    is_system: bool = True
    user: str | None = None
    groups: tuple[str, ...] = ()
    memory_mib: int = 512
    watchdog_s: int = 30
    secrets: tuple[str, ...] = ()
    systemd: int = 252

    @property
    def state_folder(self) -> Path:
        """Where a user that systemd made may write."""
        return Path("/var/lib") / self.name

    @property
    def secrets_folder(self) -> Path:
        """Where its secrets stand, a file each."""
        return self.config_file.with_suffix(".secrets")


def problems(unit: Unit, needs: Needs) -> list[str]:
    """Say what would keep the service from working on this machine, each with what to do."""
    found = []
    if not (needs.writes or needs.network or needs.loopback or needs.prints):
        found.append(
            "the run has no output that a service could have; add --mqtt, --web, a file, or "
            "--jsonl - for lines in the journal"
        )
    is_dynamic = unit.is_system and unit.user is None
    advice = f"pass --run-as {os.environ.get('SUDO_USER') or 'USER'}"
    for place in (Path(unit.executable[0]), *needs.reads):
        if unit.is_system and place.is_relative_to("/tmp"):
            found.append(f"{place} is not seen by a service, which has a /tmp of its own; move it")
        elif not place.exists():
            found.append(f"{place} does not exist; name a path that is there when it starts")
        elif is_dynamic and not _is_open_to_all(place):
            found.append(f"{place} cannot be read by a user made for the service; {advice}")
    for path in needs.writes:
        folder = output_folder(path)
        if is_dynamic and not folder.is_relative_to(unit.state_folder):
            found.append(
                f"{path} cannot be written by a user made for the service; write "
                f"below {unit.state_folder}, or {advice}"
            )
        elif not is_dynamic and not folder.is_dir():
            found.append(f"folder {folder} does not exist; make it, writable for the service")
    return found


def output_folder(path: Path) -> Path:
    """Return the folder that must be writable for an output."""
    return path if path.is_dir() or not path.suffix else path.parent


def _is_open_to_all(path: Path) -> bool:
    """Return whether any user can come to a file and read it."""
    resolved = path.resolve()
    enters = all(part.stat().st_mode & stat.S_IXOTH for part in resolved.parents)
    return enters and bool(resolved.stat().st_mode & stat.S_IROTH)
