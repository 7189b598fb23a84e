"""Files of a unit, its configuration and its secrets on this machine."""

import grp
import os
import pwd
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from fer_edge.child import clean_environment
from fer_edge.cli.needs import Needs
from fer_edge.credentials import is_secret
from fer_edge.errors import OutputError
from fer_edge.files import check_own_place, whole_file

from ..config import RunConfig
from ..config_file import format_config
from .unit import MARK, Unit
from .unit_text import unit_text


def installed_unit(
    name: str,
    needs: Needs,
    *,
    secrets: Iterable[str],
    is_system: bool,
    user: str | None,
    memory_mib: int,
    watchdog_s: int,
    into: Path | None = None,
) -> Unit:
    """Describe the unit of this installation of fer-edge on this machine.

    Its files are in the folder `into`, if given, otherwise in the standard folders of the system or
    the user.

    Raises:
        OutputError: The user does not exist.
    """
    if user is not None:
        try:
            pwd.getpwnam(user)
        except KeyError as error:
            raise OutputError(
                f"--run-as {user}: this machine has no such user; choose another, or omit it"
            ) from error
    wanted = ["video"] * needs.camera + ["plugdev", "apex"] * needs.accelerator
    usual = Path("/etc/fer-edge") if is_system else _user_folder() / "fer-edge"
    folder = usual if into is None else into.resolve()
    return Unit(
        name,
        _executable(),
        folder / f"{name}.toml",
        is_system=is_system,
        user=user,
        groups=tuple(group for group in wanted if _group_exists(group)),
        memory_mib=memory_mib,
        watchdog_s=watchdog_s,
        secrets=tuple(sorted(secrets)),
        systemd=_systemd_version(),
    )


def install_unit(
    unit: Unit, config: RunConfig, *, force: bool, into: Path | None = None
) -> list[str]:
    """Write the unit, its configuration and its secrets; returns the next steps, one line each.

    Args:
        unit: The unit.
        config: Configuration of the run.
        force: Whether to replace a unit that fer-edge did not write.
        into: Folder of all files; otherwise the unit is in systemd's folder.

    Raises:
        ConfigError: A path is not UTF-8.
        OutputError: A foreign unit exists and `force` is false, or the folder cannot be written.
    """
    usual = Path("/etc/systemd/system") if unit.is_system else _user_folder() / "systemd/user"
    folder = into or usual
    path = folder / f"{unit.name}.service"
    text = unit_text(unit, config.needs())
    settings = f"{MARK}: {unit.name}.service runs this\n{format_config(config.without_secrets())}"
    if not force:
        _check_ours(path, unit.config_file)
    if unit.is_system and not os.access(folder, os.W_OK):
        raise OutputError(
            f"{folder} cannot be written: permission denied; use sudo, or pass --user for a user "
            "service"
        )
    secrets = config.secrets(os.environ)
    check_own_place(unit.secrets_folder)
    lost = sorted(_names_in(unit.secrets_folder) - secrets.keys())
    _write_settings(unit.config_file, settings)
    _write_secrets(unit.secrets_folder, secrets)
    with whole_file(path, reaches_disk=True) as temporary:
        temporary.write_text(text, "utf-8")
    _remove_secrets(unit.secrets_folder, lost)  # only now does no unit name them
    return [
        f"wrote {path}",
        f"wrote {unit.config_file}",
        *(
            f"wrote {unit.secrets_folder / name}, readable by its owner only"
            for name in unit.secrets
        ),
        *([f"not kept: {', '.join(lost)} of the previous installation"] if lost else []),
        *(_next_steps(unit) if into is None else []),
    ]


def _next_steps(unit: Unit) -> list[str]:
    control = "sudo systemctl" if unit.is_system else "systemctl --user"
    steps = [
        "next:",
        f"  {control} daemon-reload",
        f"  {control} enable --now {unit.name}",
        f"  {control} status {unit.name}",
        f"  journalctl {'' if unit.is_system else '--user '}-u {unit.name} -f",
    ]
    if not unit.is_system:
        steps.append("  loginctl enable-linger    # keeps it running after you log out")
    return steps


def _names_in(folder: Path) -> set[str]:
    """Return the secrets of an earlier installation."""
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
    return {name for name in names if is_secret(name)}


def _write_secrets(folder: Path, secrets: Mapping[str, str]) -> None:
    """Write a file per secret, which replaces an older one; only the owner can read them."""
    if folder.is_dir():
        folder.chmod(0o700)
    for name, value in secrets.items():
        folder.mkdir(exist_ok=True, mode=0o700)
        with whole_file(folder / name, is_secret=True, reaches_disk=True) as temporary:
            temporary.write_text(value, "utf-8")


def _remove_secrets(folder: Path, names: Iterable[str]) -> None:
    """Remove secrets of an earlier installation, and the folder if it is then empty."""
    for name in names:
        (folder / name).unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _check_ours(*paths: Path) -> None:
    """Reject replacing a foreign unit."""
    for path in paths:
        if path.exists() and not path.read_text("utf-8", "replace").startswith(MARK):
            raise OutputError(
                f"{path} was not written by fer-edge service; pass another --name, or --force to "
                "replace it"
            )


def _write_settings(path: Path, text: str) -> None:
    """Write the configuration so that the user who runs the service can read it."""
    is_new = not path.parent.exists()
    with whole_file(path, reaches_disk=True) as temporary:
        temporary.write_text(text, "utf-8")
    # independent of root's umask: a dynamic user owns neither file nor folder
    path.chmod(0o644)
    if is_new:
        path.parent.chmod(0o755)


def _executable() -> tuple[str, ...]:
    """Return the command of this installation, with its full path."""
    script = Path(sys.executable).with_name("fer-edge")
    return (str(script),) if script.exists() else (sys.executable, "-m", "fer_edge")


def _user_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _group_exists(name: str) -> bool:
    """Return whether a group exists: systemd does not start a unit with an unknown group."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _systemd_version() -> int:
    """Return this machine's systemd version; Debian 12's without systemd."""
    try:
        done = subprocess.run(
            ["systemctl", "--version"],
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=5,
        )
        return int(done.stdout.split()[1])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired):
        return 252
