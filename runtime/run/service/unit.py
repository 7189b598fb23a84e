"""Description of a systemd service for `fer-edge run`, and problems that would prevent it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from fer_edge.cli.needs import Needs

MARK = "# Written by fer-edge service"


@dataclass(frozen=True, slots=True)
class Unit:
    """Description of a service.

    Attributes:
        name: Name of the unit, without `.service`.
        executable: Command to start: `fer-edge`, or Python with `-m fer_edge`.
        config_file: Path of the run's configuration.
        is_system: Whether it is a system unit; else one of the installing user.
        user: User of the service; None for a dynamic user of systemd, or for a user unit.
        groups: Groups with access to its devices.
        memory_mib: Memory limit, in MiB.
        watchdog_s: Time without a frame after which it is restarted; 0 never.
        secrets: Names of the variables that are passed as credentials.
        systemd: Version of systemd for which it is written.
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
        """Folder that a dynamic user can write to."""
        return Path("/var/lib") / self.name

    @property
    def secrets_folder(self) -> Path:
        """Folder of its secrets, one file each."""
        return self.config_file.with_suffix(".secrets")


def problems(unit: Unit, needs: Needs) -> list[str]:
    """Return problems that would keep the service from working on this machine, with advice."""
    found = []
    if not (needs.writes or needs.network or needs.loopback or needs.prints):
        found.append(
            "the run has no output that a service could use; add --mqtt, --web, a file, or "
            "--jsonl - for lines in the journal"
        )
    is_dynamic = unit.is_system and unit.user is None
    advice = f"pass --run-as {os.environ.get('SUDO_USER') or 'USER'}"
    for place in (Path(unit.executable[0]), *needs.reads):
        if unit.is_system and place.is_relative_to("/tmp"):
            found.append(f"{place} is not visible to a service, which has a private /tmp; move it")
        elif not place.exists():
            found.append(f"{place} does not exist; pass a path that exists when the service starts")
        elif is_dynamic and not _is_open_to_all(place):
            found.append(f"{place} cannot be read by the service's user; {advice}")
    for folder in dict.fromkeys(needs.writes):
        if is_dynamic and not folder.is_relative_to(unit.state_folder):
            found.append(
                f"{folder} cannot be written by the service's user; write below "
                f"{unit.state_folder}, or {advice}"
            )
        elif not is_dynamic and not folder.is_dir():
            found.append(f"folder {folder} does not exist; create it, writable for the service")
    return found


def _is_open_to_all(path: Path) -> bool:
    """Return whether any user can read a file."""
    resolved = path.resolve()
    enters = all(part.stat().st_mode & stat.S_IXOTH for part in resolved.parents)
    return enters and bool(resolved.stat().st_mode & stat.S_IROTH)
