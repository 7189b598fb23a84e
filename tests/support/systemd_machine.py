"""A separate systemd as process 1 of a namespace, which starts real units within two seconds.

Its root is a copy-on-write copy of this machine's, so its changes are not kept. The units of the
boot are removed, since some of them change the kernel, which is shared. It uses the network of this
machine, and has neither udev nor a camera.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from .own_cgroups import OwnCgroups

_START = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev
ln -s /proc/self/fd dev/fd
mkdir dev/shm dev/pts dev/mqueue dev/hugepages
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs tmpfs run
mkdir -p srv/shared .old
mount --bind "$2" srv/shared
chmod a+rx root
rm -rf etc/fstab etc/systemd/system/* lib/systemd/system/*.wants
mkdir lib/systemd/system/basic.target.wants
ln -s ../systemd-journald.service lib/systemd/system/basic.target.wants
ln -s /dev/null etc/systemd/system/systemd-journald-dev-log.socket
ln -s /dev/null etc/systemd/system/systemd-journald-audit.socket
ln -s /dev/null etc/systemd/system/systemd-remount-fs.service
: > etc/machine-id
pivot_root . .old
umount -l /.old
mount --make-rshared /
export container=test
exec /lib/systemd/systemd --unit=basic.target --log-target=journal
"""


class SystemdMachine:
    """Machine that runs until it is closed.

    Attributes:
        shared: Folder on this machine that is /srv/shared inside.
    """

    def __init__(self, folder: Path) -> None:
        if os.geteuid() or not Path("/lib/systemd/systemd").exists():
            pytest.skip("a separate systemd needs root and the package systemd")
        self.shared = folder / "shared"
        (folder / "machine").mkdir()
        self.shared.mkdir()
        self._groups = OwnCgroups()
        enter = f'{self._groups.enter}exec unshare --fork --kill-child --cgroup "$@"'
        command = ["sh", "-c", enter, "sh", "--pid", "--mount", "--uts", "--ipc"]
        command += ["sh", "-c", _START, "sh", folder / "machine", self.shared]
        self._log = (folder / "start.log").open("w+")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        self._init = self._wait_for_start()

    def run(self, *words: object, check: bool = True) -> str:
        """Run a command inside; return its standard output and standard error."""
        command = ["nsenter", "--target", self._init, "--all", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def wait_for(self, text: str, *words: object, timeout_s: float = 60) -> str:
        """Run a command inside again and again until it prints a text; return its output."""
        until_s = time.monotonic() + timeout_s
        while text not in (said := self.run(*words, check=False)):
            assert time.monotonic() < until_s, f"{text!r} never came:\n{said}"
            time.sleep(0.2)
        return said

    def close(self) -> None:
        """End all processes of the machine."""
        self._process.kill()
        self._process.wait(10)
        self._groups.remove()
        self._log.close()

    def _wait_for_start(self) -> str:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        until_s = time.monotonic() + 30
        while time.monotonic() < until_s and self._process.poll() is None:
            init = children.read_text().strip() if children.exists() else ""
            if init and shutil.which("nsenter"):
                command = ["nsenter", "--target", init, "--all", "systemctl", "is-system-running"]
                said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
                if said.strip() in ("running", "degraded"):
                    return init
            time.sleep(0.1)
        self._log.seek(0)
        reason = self._log.read()
        self.close()
        pytest.skip(f"a separate systemd does not start here: {reason.strip()[:300]}")
