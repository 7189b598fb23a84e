"""Keys, port and configuration for the OpenSSH server of a test and its client."""

import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def make_keys(folder: Path) -> None:
    """Make the key pairs `host` and `user`, unless they exist."""
    for name in ("host", "user"):
        if not (folder / name).exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def client_config(folder: Path, port: int, users: Mapping[str, str | None]) -> str:
    """Write the file known_hosts, and return the text of the client's configuration.

    Args:
        folder: Folder with the keys.
        port: Port of the server.
        users: Host name -> login name; None for the user who runs ssh.
    """
    public = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    text = ""
    for host, user in users.items():
        text += f"Host {host}\n  HostName 127.0.0.1\n  Port {port}\n"
        text += f"  User {user}\n" if user else ""
        text += f"  IdentityFile {folder}/user\n  IdentitiesOnly yes\n"
        text += f"  UserKnownHostsFile {folder}/known_hosts\n"
    return text


def wait_for_port(port: int, log: Callable[[], str], timeout_s: float = 10) -> None:
    """Wait until a server listens; `log` returns the text of the error if it does not."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(log())
