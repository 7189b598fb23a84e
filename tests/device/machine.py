"""A virtual machine under qemu: start and end, commands over ssh, and power cuts."""

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
"""Kernel modules for hardware that is not used here; each takes time to load."""
_BOOT_S = 420
_PANIC, _MOST_PANICS = "Kernel panic - not syncing", 2
"""An emulated kernel sometimes panics while it starts, before fer-edge runs."""
_FIRST_WORD_S = 25
"""Time in seconds within which a kernel under KVM writes its first line."""


class Machine:
    """One machine, whose disk is kept between its starts.

    Data that the guest has synchronized to the disk survive a power cut, data in its memory do not,
    as on a board with a memory card.
    """

    def __init__(self, folder: Path, disk: Path) -> None:
        self.disk = disk
        self.serial = folder / "serial.txt"
        """File with the text of the serial console."""
        self._folder = folder
        # a short folder, because paths of sockets must be short
        self._sockets = Path(tempfile.mkdtemp(prefix="fer-box-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.accelerator: str | None = None
        """qemu's accelerator: "kvm", or "tcg" with its options (emulation); None before a start."""
        self.port = _free_port()
        """Port on the host's loopback that leads to the guest's ssh."""
        self.web_port = _free_port()
        """Port on the host's loopback that leads to the guest's port 8000."""
        self._configure_ssh()

    @property
    def config(self) -> Path:
        """Configuration file of the ssh client; the host name is "box"."""
        return self._sockets / "ssh_config"

    def start(self) -> float:
        """Start the machine and wait until ssh answers; return the duration in seconds."""
        start = time.monotonic()
        if self.accelerator is None:
            self.accelerator = "kvm" if self._runs_with_kvm() else "tcg,tb-size=512,thread=multi"
        if self._process is None:
            self._launch(self.accelerator)
        self.wait_for_ssh()
        return time.monotonic() - start

    def wait_for_ssh(self) -> None:
        """Wait until the machine runs a command over ssh; after a panic start it again."""
        end, panics = time.monotonic() + _BOOT_S, 0
        while self.run("true", check=False, timeout_s=30).returncode:
            assert self._process is not None
            assert self._process.poll() is None, "qemu has ended"
            said = self.serial.read_text(errors="replace")
            assert time.monotonic() < end, said[-3000:]
            if _PANIC in said and panics < _MOST_PANICS:
                assert self.accelerator is not None
                self.cut_power()
                self._launch(self.accelerator)
                panics += 1
            time.sleep(0.5)

    def run(
        self, script: str, *, user: str = "pi", check: bool = True, timeout_s: float = 240
    ) -> "subprocess.CompletedProcess[str]":
        """Run a bash script in the machine as one of its users: root, pi or guest."""
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
        """Run a bash script in the machine; return its output without surrounding whitespace."""
        return self.run(script, user=user).stdout.strip()

    def wait_for(self, script: str, *, timeout_s: float = 90, user: str = "pi") -> str:
        """Repeat a bash script until it succeeds; return the output of the last try."""
        end = time.monotonic() + timeout_s
        while True:
            done = self.run(script, user=user, check=False)
            if done.returncode == 0:
                return done.stdout.strip()
            assert time.monotonic() < end, f"never true: {script}\n{done.stdout}\n{done.stderr}"
            time.sleep(0.5)

    def put(self, source: Path, place: str) -> None:
        """Copy a file into the machine."""
        command = ["scp", "-q", "-F", str(self.config), str(source), f"pi@box:{place}"]
        subprocess.run(command, check=True, timeout=240)

    def cut_power(self) -> None:
        """End the machine at once; it writes nothing more to its disk."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._hang_up()

    def reboot(self) -> None:
        """Reboot the machine with an orderly shutdown; wait until it answers again."""
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
        """Send a command to qemu's monitor; return the answer."""
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
        """Shut the machine down, or end qemu if the machine does not react."""
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
        """Start the machine with KVM; return whether its kernel writes its first line.

        If /dev/kvm belongs to a nested hypervisor without hardware support, qemu starts, but a
        stock kernel never writes anything.
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
        # a second processor shortens an emulated boot from 42 to 30 seconds
        command += ["-smp", "2", "-m", str(MEMORY_MIB), "-display", "none", "-no-user-config"]
        command += ["-nodefaults"]
        command += ["-serial", f"file:{self.serial}"]
        command += ["-monitor", f"unix:{self._sockets}/monitor,server,nowait"]
        command += ["-drive", f"file={self.disk},format=raw,if=virtio,cache=writethrough"]
        command += ["-device", "virtio-rng-pci", "-device", "virtio-net-pci,netdev=n"]
        # without access to any network
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
            # one connection for all commands of a user: a handshake takes seconds if emulated
            *("ControlMaster auto", "ControlPersist yes", f"ControlPath {self._sockets}/%r"),
            *("ServerAliveInterval 10", "ServerAliveCountMax 3"),
        )
        self.config.write_text("\n  ".join(lines) + "\n")

    def _hang_up(self) -> None:
        """Close the ssh connections to a machine that has stopped."""
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
