"""A virtual machine under qemu: started, spoken to over ssh, and cut off from power."""

import contextlib
import os
import platform
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .image import HOSTNAME

PATH = "/home/pi/fer-edge/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
MEMORY_MIB = 1536
_UNUSED = (
    "kvm,kvm_amd,kvm_intel,ata_piix,floppy,powernow_k8,psmouse,pcspkr,vmw_vsock_vmci_transport"
)
"""Modules for what the processor or board offers, and nothing here needs; each costs time."""
_BOOT_S = 420
_FIRST_WORD_S = 25
"""Within this a kernel that runs at the processor's own speed has written its first line."""


class Machine:
    """One machine with a disk that is kept until its folder is built again.

    What the guest has written and synchronized survives a power cut, what stood in its memory does
    not: as with a board, whose card keeps what has reached it.
    """

    def __init__(self, folder: Path, disk: Path) -> None:
        self.disk = disk
        self.serial = folder / "serial.txt"
        """What the console says."""
        self._folder = folder
        # sockets have short names
        self._sockets = Path(tempfile.mkdtemp(prefix="fer-box-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.accelerator: str | None = None
        """What runs its processor: "kvm", or "tcg" (emulated)."""
        self.port = _free_port()
        """Of its ssh, on this machine's loopback."""
        self.web_port = _free_port()
        """The same for its port 8000."""
        self._configure_ssh()

    @property
    def config(self) -> Path:
        """The ssh client's configuration; the host's name is "box"."""
        return self._sockets / "ssh_config"

    def start(self) -> float:
        """Switch it on and wait until ssh answers; return how long that took in seconds."""
        start = time.monotonic()
        if self.accelerator is None:
            self.accelerator = "kvm" if self._runs_with_kvm() else "tcg,tb-size=512"
        if self._process is None:
            self._launch(self.accelerator)
        self.wait_for_ssh()
        return time.monotonic() - start

    def wait_for_ssh(self) -> None:
        """Wait until a command runs."""
        end = time.monotonic() + _BOOT_S
        while self.run("true", check=False, timeout_s=30).returncode:
            assert self._process is not None
            assert self._process.poll() is None, "qemu has ended"
            assert time.monotonic() < end, self.serial.read_text(errors="replace")[-3000:]
            time.sleep(0.5)

    def run(
        self, script: str, *, user: str = "pi", check: bool = True, timeout_s: float = 240
    ) -> "subprocess.CompletedProcess[str]":
        """Run lines of bash there as one of its users: root, pi, guest."""
        told = f"export PATH={PATH}; {script}"
        command = ["ssh", "-F", str(self.config), "-l", user, "box", f"bash -c {shlex.quote(told)}"]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            if check:
                raise
            return subprocess.CompletedProcess(command, 255, "", "no answer in time")
        if check:
            assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done

    def says(self, script: str, *, user: str = "pi") -> str:
        """Run lines of bash there; return what they print, without the space around it."""
        return self.run(script, user=user).stdout.strip()

    def wait_for(self, script: str, *, timeout_s: float = 90, user: str = "pi") -> str:
        """Run lines of bash until they succeed; return what they print at last."""
        end = time.monotonic() + timeout_s
        while True:
            done = self.run(script, user=user, check=False)
            if done.returncode == 0:
                return done.stdout.strip()
            assert time.monotonic() < end, f"never true: {script}\n{done.stdout}\n{done.stderr}"
            time.sleep(0.5)

    def put(self, source: Path, place: str) -> None:
        """Copy a file there."""
        command = ["scp", "-q", "-F", str(self.config), str(source), f"pi@box:{place}"]
        subprocess.run(command, check=True, timeout=240)

    def cut_power(self) -> None:
        """End it at once; nothing is written any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._hang_up()

    def reboot(self) -> None:
        """Have it shut down in good order and start again."""
        boot = self.says("cat /proc/sys/kernel/random/boot_id")
        self.run("systemctl reboot", user="root", check=False)
        self._hang_up()
        end = time.monotonic() + _BOOT_S
        while self.run("cat /proc/sys/kernel/random/boot_id", check=False).stdout.strip() in (
            *("", boot),
        ):
            assert time.monotonic() < end
            time.sleep(1)

    def monitor(self, command: str) -> str:
        """Say something to qemu's monitor; return its answer."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(10)
            line.connect(str(self._sockets / "monitor"))
            said = b""
            for words in ("", f"{command}\n"):
                line.sendall(words.encode())
                said = b""
                while not said.endswith(b"(qemu) "):
                    said += line.recv(4096)
        return said.decode(errors="replace").replace("(qemu) ", "").strip()

    def stop(self) -> None:
        """Shut it down, or switch it off where it does not listen."""
        if self._process is not None:
            self.run("systemctl poweroff", user="root", check=False, timeout_s=30)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        self._hang_up()

    def _runs_with_kvm(self) -> bool:
        """Start it with KVM; say whether its kernel gets as far as its first line.

        Where /dev/kvm is that of a nested hypervisor without hardware behind it, qemu starts and a
        stock kernel never says a word.
        """
        if platform.machine() != "x86_64" or not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return False
        self._launch("kvm")
        assert self._process is not None
        end = time.monotonic() + _FIRST_WORD_S
        while time.monotonic() < end and self._process.poll() is None:
            if b"Linux version" in self.serial.read_bytes():
                return True
            time.sleep(0.2)
        self.cut_power()
        return False

    def _launch(self, accelerator: str) -> None:
        self.serial.write_bytes(b"")
        forwards = f"hostfwd=tcp:127.0.0.1:{self.port}-:22"
        forwards += f",hostfwd=tcp:127.0.0.1:{self.web_port}-:8000"
        command = ["qemu-system-x86_64", "-accel", accelerator]
        command += ["-cpu", "host" if accelerator == "kvm" else "max"]
        command += ["-smp", "1", "-m", str(MEMORY_MIB), "-display", "none", "-no-user-config"]
        command += ["-nodefaults"]
        command += ["-serial", f"file:{self.serial}"]
        command += ["-monitor", f"unix:{self._sockets}/monitor,server,nowait"]
        command += ["-drive", f"file={self.disk},format=raw,if=virtio,cache=writethrough"]
        command += ["-device", "virtio-rng-pci", "-device", "virtio-net-pci,netdev=n"]
        # it is shut off from every network
        command += ["-netdev", f"user,id=n,restrict=on,{forwards}"]
        command += ["-kernel", str(self._folder / "vmlinuz")]
        command += ["-initrd", str(self._folder / "initrd.img")]
        line = "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off"
        line += f" module_blacklist={_UNUSED}"
        command += ["-append", line]
        log = (self._folder / "qemu.log").open("ab")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        log.close()

    def _configure_ssh(self) -> None:
        host_key = self._folder / "root" / "etc" / "ssh" / "ssh_host_ed25519_key.pub"
        kind, key = host_key.read_text().split()[:2]
        known = self._sockets / "known_hosts"
        known.write_text(f"{HOSTNAME} {kind} {key}\n")
        lines = (
            *("Host box", "HostName 127.0.0.1", f"Port {self.port}", f"HostKeyAlias {HOSTNAME}"),
            *(f"UserKnownHostsFile {known}", f"IdentityFile {self._folder}/key"),
            *("IdentitiesOnly yes", "LogLevel ERROR", "ConnectTimeout 20", "BatchMode yes"),
            # one connection for all commands of a user: a handshake takes seconds there
            *("ControlMaster auto", "ControlPersist yes", f"ControlPath {self._sockets}/%r"),
            *("ServerAliveInterval 10", "ServerAliveCountMax 3"),
        )
        self.config.write_text("\n  ".join(lines) + "\n")

    def _hang_up(self) -> None:
        """End the connections to a machine that has gone."""
        for user in ("root", "pi", "guest"):
            command = ["ssh", "-F", str(self.config), "-l", user, "-O", "exit", "box"]
            subprocess.run(command, capture_output=True, check=False)
            with contextlib.suppress(FileNotFoundError):
                (self._sockets / user).unlink()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
