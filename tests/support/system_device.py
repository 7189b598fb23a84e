"""Device with systemd as system manager, a real sshd and sudo, in separate namespaces."""

import shutil
import sys
from pathlib import Path

import pytest

from .ssh_access import client_config, free_port, make_keys, wait_for_port
from .ssh_device import SSHD
from .systemd_machine import SystemdMachine

PYTHON = "/usr/local/lib/python-of-the-test"
"""Folder of Python inside the machine, accessible for every user."""
INSIDE = "/srv/shared"
"""Path of the shared folder inside the machine."""

_SET_UP = r"""
set -e
for name in pi guest; do
    useradd --create-home --shell /bin/sh --password '*' $name
    install -d -m 700 -o $name /home/$name/.ssh
    install -m 600 -o $name "$1/user.pub" /home/$name/.ssh/authorized_keys
done
echo 'pi ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/pi
echo 'guest ALL=(ALL) ALL' > /etc/sudoers.d/guest
mkdir -p /run/sshd "$2"
mount --bind "$3" "$2"
echo "Defaults secure_path=$2/bin:/usr/sbin:/usr/bin:/sbin:/bin" > /etc/sudoers.d/path
"""


class SystemDevice:
    """Device to which a test deploys with sudo; `guest` needs a password for it, `pi` does not.

    Attributes:
        machine: Machine in which the device runs.
        config: Path of the client's configuration; the host is "device", or "guest" for that user.
    """

    def __init__(self, folder: Path) -> None:
        if not Path(SSHD).exists() or shutil.which("ssh") is None or shutil.which("sudo") is None:
            pytest.skip("OpenSSH's server or client, or sudo, is not installed (make parts)")
        self.machine = SystemdMachine(folder)
        self._folder = self.machine.shared
        make_keys(self._folder)
        self.machine.run("sh", "-c", _SET_UP, "sh", INSIDE, PYTHON, sys.base_prefix)
        self.let_everybody_in(Path(pytest.__file__))
        self.config = self._folder / "ssh_config"
        self._serve()

    def let_everybody_in(self, place: Path) -> None:
        """Make the folders above a path accessible, inside, for a service's dynamic user."""
        self.machine.run("chmod", "o+rx", *place.resolve().parents)

    def close(self) -> None:
        self.machine.close()

    def show(self, *names: str, unit: str = "fer-edge") -> dict[str, str]:
        """Return the properties of a unit, as name -> value."""
        said = self.machine.run("systemctl", "show", unit, "-p", ",".join(names))
        return dict(line.split("=", 1) for line in said.splitlines())

    def _serve(self) -> None:
        port = free_port()
        (self._folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {INSIDE}/host\n"
            "PasswordAuthentication no\nUsePAM no\nPidFile none\nPrintMotd no\n"
            f"SetEnv PATH={PYTHON}/bin:/usr/bin:/bin\n"
        )
        users = {"device": "pi", "guest": "guest"}
        self.config.write_text(client_config(self._folder, port, users))
        command = [SSHD, "-D", "-e", "-f", f"{INSIDE}/sshd_config"]
        self.machine.run("systemd-run", "--unit=sshd-of-the-test", *command)
        wait_for_port(port, lambda: self.machine.run("journalctl", "-u", "sshd-of-the-test"))
