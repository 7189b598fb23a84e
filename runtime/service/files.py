"""Where a unit and its secrets stand on this machine."""

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path
from typing import Any

from fer_edge.errors import OutputError
from fer_edge.files import whole_file

from .unit import MARK, Needs, Unit, secrets_text, unit_text


def installed_unit(name: str, needs: Needs, *, folder: Path, is_system: bool, **more: Any) -> Unit:
    """Describe the unit of this installation of fer-edge on this machine.

    Raises:
        OutputError: The user does not exist.
    """
    user = more.get("user")
    if user is not None:
        try:
            pwd.getpwnam(user)
        except KeyError as error:
            raise OutputError(
                f"--run-as {user}: there is no such user; name one, or leave it out"
            ) from error
    wanted = ["video"] * needs.camera + ["plugdev", "apex"] * needs.accelerator
    secrets_folder = Path("/etc/fer-edge") if is_system else _user_folder() / "fer-edge"
    return Unit(
        name,
        _executable(),
        folder,
        is_system=is_system,
        groups=tuple(group for group in wanted if _group_exists(group)),
        secrets_file=secrets_folder / f"{name}.env",
        systemd=_systemd_version(),
        **more,
    )


def install_unit(unit: Unit, needs: Needs, *, force: bool) -> list[str]:
    """Write the unit and its secrets; returns what to do next, one line each.

    Raises:
        OutputError: Another's unit stands there and `force` is false, or the place cannot be
            written.
    """
    folder = Path("/etc/systemd/system") if unit.is_system else _user_folder() / "systemd/user"
    path = folder / f"{unit.name}.service"
    text = unit_text(unit, needs)
    if path.exists() and not force and not path.read_text("utf-8", "replace").startswith(MARK):
        raise OutputError(
            f"{path} was not written by fer-edge; pass another --name, or --force to replace it"
        )
    if unit.is_system and not os.access(folder, os.W_OK):
        raise OutputError(
            f"{folder} may not be written; run it with sudo, or pass --user for a service of yours"
        )
    if needs.secrets:
        with whole_file(unit.secrets_file, is_secret=True) as temporary:
            temporary.write_text(secrets_text(needs.secrets), "utf-8")
    with whole_file(path) as temporary:
        temporary.write_text(text, "utf-8")
    control = "sudo systemctl" if unit.is_system else "systemctl --user"
    lines = [
        f"wrote {path}",
        *([f"wrote {unit.secrets_file}, readable by its owner only"] if needs.secrets else []),
        "next:",
        f"  {control} daemon-reload",
        f"  {control} enable --now {unit.name}",
        f"  {control} status {unit.name}",
        f"  journalctl {'' if unit.is_system else '--user '}-u {unit.name} -f",
    ]
    if not unit.is_system:
        lines.append("  loginctl enable-linger    # or it ends when you log out")
    return lines


def _executable() -> tuple[str, ...]:
    """Return the command of this very installation, with its whole path."""
    script = Path(sys.executable).with_name("fer-edge")
    return (str(script),) if script.exists() else (sys.executable, "-m", "fer_edge")


def _user_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _group_exists(name: str) -> bool:
    """Tell whether a group is there: systemd starts no unit that names another."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _systemd_version() -> int:
    """Return this machine's systemd version; Debian 12's where there is none."""
    try:
        done = subprocess.run(
            ["systemctl", "--version"], capture_output=True, text=True, check=False, timeout=5
        )
        return int(done.stdout.split()[1])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return 252
