"""The arm64 userland as a device: a real sshd inside it, and a user who can log in."""

import ctypes
import os
import shlex
import signal
import subprocess
from pathlib import Path

from tests.support.ssh_access import client_config, free_port, make_keys, wait_for_port

USER = "pi"
_KEYS = "/etc/ssh-of-the-test"


class Arm64Device:
    """An SSH server inside the userland, which runs until `close`.

    Attributes:
        home: Home folder of the user, as a path outside the chroot.
        config: Configuration file of the SSH client; the host name is "device".
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.home = root / "home" / USER
        self.config = folder / "ssh_config"
        self._log = folder / "sshd.log"
        port = free_port()
        make_keys(folder)
        self.config.write_text(client_config(folder, port, {"device": USER}))
        _add_users(root)
        keys = root / _KEYS.lstrip("/")
        keys.mkdir(exist_ok=True)
        for source, name, mode in (("host", "host", 0o600), ("user.pub", "authorized", 0o644)):
            (keys / name).write_bytes((folder / source).read_bytes())
            (keys / name).chmod(mode)
        (keys / "config").write_text(
            f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {_KEYS}/host\n"
            f"AuthorizedKeysFile {_KEYS}/authorized\nPasswordAuthentication no\nUsePAM no\n"
            "PidFile none\nPrintMotd no\n"
            "SetEnv PIP_NO_COMPILE=1\n"  # compiling takes minutes under emulation
        )
        mounts = f"mount --bind /proc {root}/proc; mount --bind /dev {root}/dev"
        sshd = shlex.join(["chroot", str(root), "/usr/sbin/sshd", "-D", "-e"])
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", f"{mounts}; exec {sshd} -f {_KEYS}/config"],
                stdin=subprocess.DEVNULL,
                stderr=log,
                preexec_fn=_end_with_parent,
            )
        wait_for_port(port, self._log.read_text, timeout_s=60)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _add_users(root: Path) -> None:
    """Add the user that sshd's package script would have added, and a user who may log in."""
    (root / "run" / "sshd").mkdir(exist_ok=True)
    home = f"/home/{USER}"
    entries = {
        "passwd": ["sshd:x:100:65534::/run/sshd:/bin/false", f"{USER}:x:1000:1000::{home}:/bin/sh"],
        "group": [f"{USER}:x:1000:"],
        "shadow": ["sshd:!:20000::::::", f"{USER}:*:20000::::::"],
    }
    for name, lines in entries.items():
        path = root / "etc" / name
        there = path.read_text() if path.exists() else ""
        new = [line for line in lines if line.partition(":")[0] not in _names(there)]
        path.write_text(there + "".join(f"{line}\n" for line in new))
    place = root / "home" / USER
    place.mkdir(exist_ok=True)
    place.chmod(0o755)
    os.chown(place, 1000, 1000)


def _names(text: str) -> set[str]:
    return {line.partition(":")[0] for line in text.splitlines()}
