"""Description of a systemd service for `fer-edge run`, and problems that would prevent it."""

import os
import pwd
import site
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import fer_edge
from fer_edge.child import clean_environment, import_command
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
        package: Folder of the package fer_edge that it imports.
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
    package: Path = Path(fer_edge.__file__).parent

    @property
    def state_folder(self) -> Path:
        """Folder of its own files: systemd's for a system unit, else below the user's data."""
        if self.is_system:
            return Path("/var/lib") / self.name
        home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return Path(home) / self.name

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
    for place in (Path(unit.executable[0]), unit.package, *needs.reads):
        if unit.is_system and place.is_relative_to("/tmp"):
            found.append(f"{place} is not visible to a service, which has a private /tmp; move it")
        elif not place.exists():
            found.append(f"{place} does not exist; pass a path that exists when the service starts")
        elif is_dynamic and not _is_open_to_all(place):
            found.append(f"{place} cannot be read by the service's user; {advice}")
    if not _is_importable(unit):
        found.append(
            f"a service cannot import {unit.package}: it has no PYTHONPATH, and no packages of "
            "another user; install fer-edge in a virtual environment"
        )
    for folder in dict.fromkeys(needs.writes):
        # the run creates a missing folder there; elsewhere it may be a disk that is not mounted
        is_own = folder.is_relative_to(unit.state_folder)
        if is_dynamic and not is_own:
            found.append(
                f"{folder} cannot be written by the service's user; write below "
                f"{unit.state_folder}, or {advice}"
            )
        elif not (folder.is_dir() or is_dynamic or (is_own and not folder.exists())):
            found.append(f"folder {folder} does not exist; create it, writable for the service")
    return found


def _is_open_to_all(path: Path) -> bool:
    """Return whether any user can read a file."""
    resolved = path.resolve()
    enters = all(part.stat().st_mode & stat.S_IXOTH for part in resolved.parents)
    return enters and bool(resolved.stat().st_mode & stat.S_IROTH)


def _is_importable(unit: Unit) -> bool:
    """Import the package as the service does: without the variables of this shell."""
    command = import_command("fer_edge.runtime")
    if unit.is_system and not _has_our_packages(unit.user):
        command.insert(1, "-s")
    environment = {
        key: text for key, text in clean_environment().items() if not key.startswith("PYTHON")
    }
    return (
        subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
    )


def _has_our_packages(user: str | None) -> bool:
    """Return whether the packages of the installing user (`pip install --user`) are a user's."""
    try:
        home = pwd.getpwnam(user or "").pw_dir
    except KeyError:  # systemd creates the user
        return False
    return Path(site.getusersitepackages()).is_relative_to(home)
