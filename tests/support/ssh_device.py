"""Device on loopback: a real sshd with a separate home folder, and a real systemd of its user."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .own_cgroups import OwnCgroups
from .ssh_access import client_config, free_port, make_keys, wait_for_port

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
SYSTEMD = Path("/lib/systemd/systemd")


def _end_with_parent() -> None:
    """Set the kernel to end this process when its parent ends for any reason."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@dataclass
class SshDevice:
    """Device on loopback to which a test deploys.

    Attributes:
        folder: Folder with keys and configuration of server and client.
        home: Home folder on the device.
        port: Port of the server.
        has_systemd: Whether the user has a running systemd.
        more: Additional text for the server's configuration.
        path: PATH of the device; a folder with python3 is put before it.
    """

    folder: Path
    home: Path
    port: int = 0
    has_systemd: bool = False
    more: str = ""
    path: str = "/usr/local/bin:/usr/bin:/bin"
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _groups: OwnCgroups | None = None

    @property
    def config(self) -> Path:
        """Path of the client's configuration, which names the host "device"."""
        return self.folder / "ssh_config"

    @property
    def base(self) -> Path:
        return self.home / ".local" / "share" / "fer-edge"

    @property
    def programs(self) -> Path:
        """First folder in the device's PATH."""
        return self.folder / "bin"

    @property
    def runtime(self) -> Path:
        return self.folder / "run"

    def start(self) -> "SshDevice":
        self.folder.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        make_keys(self.folder)
        self.port = free_port()
        self._configure()
        self.serve()
        return self

    def serve(self) -> None:
        """Start the server with its existing configuration."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd of root requires this folder
        command = [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        log = (self.folder / "sshd.log").open("ab")
        self._processes.append(
            subprocess.Popen(
                command, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent
            )
        )
        wait_for_port(self.port, (self.folder / "sshd.log").read_text)

    def start_systemd(self) -> None:
        """Start systemd for the user; this needs root, because it mounts a private folder."""
        if os.geteuid() or not SYSTEMD.exists():
            pytest.skip("a systemd of the test's own needs root and systemd")
        # without a journal, the service's standard error goes into a file next to sshd's log
        more = self.home / ".config" / "systemd" / "user" / "fer-edge.service.d" / "log.conf"
        more.parent.mkdir(parents=True, exist_ok=True)
        more.write_text(f"[Service]\nStandardError=append:{self.folder}/service.log\n")
        self._groups = OwnCgroups()
        # a user's systemd starts only if systemd also manages the machine, that is, has this folder
        script = (
            f"{self._groups.enter}"
            # a child of systemd mounts credentials in its own mount namespace
            "mount --make-rshared / "
            "&& mkdir -p /run/systemd && mount -t tmpfs none /run/systemd "
            f"&& mkdir /run/systemd/system && exec {SYSTEMD} --user "
            "--log-target=console --log-level=info"
        )
        environment = {**os.environ, "HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime)}
        environment.pop("XDG_CONFIG_HOME", None)
        log = (self.folder / "systemd.log").open("ab")
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script],
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=_end_with_parent,
        )
        self._processes.append(process)
        self.has_systemd = True
        end = time.monotonic() + 20
        while self.systemctl("show-environment").returncode:
            assert time.monotonic() < end, (self.folder / "systemd.log").read_text()
            time.sleep(0.05)

    def systemctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.runtime)}
        command = ["systemctl", "--user", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def stop(self) -> None:
        if self.has_systemd:
            self.systemctl("stop", "--all", "*.service")
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(self._processes):
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
        self._processes.clear()
        if self._groups is not None:
            self._groups.remove()
            self._groups = None

    def _configure(self) -> None:
        python = Path(sys.executable).resolve()
        path = f"{self.programs}:{self.path}"
        self.programs.mkdir(exist_ok=True)
        if not (self.programs / "python3").exists():
            (self.programs / "python3").symlink_to(python)
        keys = self.folder / "authorized_keys"
        keys.write_text((self.folder / "user.pub").read_text())
        keys.chmod(0o600)
        (self.folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1\nPort {self.port}\nHostKey {self.folder}/host\n"
            f"AuthorizedKeysFile {keys}\nPasswordAuthentication no\nUsePAM no\nStrictModes no\n"
            f"PermitRootLogin prohibit-password\nPidFile none\nMaxStartups 100\nPrintMotd no\n"
            f"SetEnv HOME={self.home} XDG_RUNTIME_DIR={self.runtime} PATH={path}\n{self.more}"
        )
        self.config.write_text(
            client_config(self.folder, self.port, {"device": None})
            + "Host *\n  UserKnownHostsFile /dev/null\n  IdentityFile /dev/null\n"
            "  IdentitiesOnly yes\n"
        )
