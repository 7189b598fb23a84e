"""Locations of a service and its releases: for a user, or for the system."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


class Place:
    """Folders of one service, and its service manager.

    Attributes:
        name: Name of the service.
        is_system: Whether it is a system service, managed by root; else the user's.
        base: Folder of the releases.
        written: Base of relative paths in the configuration.
        units: Folder of systemd units.
        target: Target that starts the service at boot.
        manager: "system" or "user".
    """

    def __init__(self, name: str, is_system: bool) -> None:
        self.name, self.is_system = name, is_system
        if is_system:
            self.base, self.written = Path("/opt") / name, Path("/var/lib") / name
            self.units, self.target = Path("/etc/systemd/system"), "multi-user.target"
        else:
            home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
            config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
            self.base = self.written = Path(home) / name
            self.units, self.target = Path(config) / "systemd" / "user", "default.target"
        self.manager = "system" if is_system else "user"

    @property
    def options(self) -> list[str]:
        """Options of systemctl and journalctl."""
        return [] if self.is_system else ["--user"]

    @property
    def folder_mode(self) -> int:
        """Mode of the folders: the user of a system service must be able to read its model."""
        return 0o755 if self.is_system else 0o700

    @property
    def read_mode(self) -> int:
        """Mode of the files that the service reads; all others are readable by their owner only."""
        return 0o644 if self.is_system else 0o600

    def lingers(self) -> bool:
        """Return whether the service starts without a login."""
        return self.is_system or Path("/var/lib/systemd/linger", user_name()).exists()

    def elsewhere(self) -> str:
        """Return the folder of a service with this name of the other kind, or nothing."""
        base = Path("/opt") / self.name
        if self.is_system:
            user = os.environ.get("SUDO_USER", "")
            home = os.path.expanduser(f"~{user}")  # noqa: PTH111  stays as it is without a home
            base = Path(home) / ".local" / "share" / self.name
        unit = base / "current" / "unit" / f"{self.name}.service"
        return str(base) if os.path.exists(str(unit)) else ""  # noqa: PTH110  False if forbidden

    def remove_unused(self) -> None:
        """Remove the folder that the service would write to, if it is empty."""
        try:
            self.written.resolve().rmdir()
            if self.written.is_symlink():  # systemd's link to the folder of a dynamic user
                self.written.unlink()
        except OSError:
            return


def user_name() -> str:
    """Return the login user, or root."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
