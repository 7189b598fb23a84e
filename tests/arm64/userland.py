"""A Raspberry Pi's software without the board: an arm64 Debian, run by qemu-user.

`python -m tests.arm64.userland FOLDER` builds it once: packages of Debian 13, a wheel of this
checkout, and the aarch64 wheels of its base requirements, installed offline. This takes about five
minutes the first time, and requires root (chroot, binfmt_misc) and these Debian packages:

    debootstrap qemu-user qemu-user-static gcc libc6-dev

Programs give the same results there as on a Pi, but their run times mean nothing.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.device_wheels import gather_wheels, run_or_raise

DEBIAN = "trixie"
"""Debian release that Raspberry Pi OS has been based on since October 2025."""
PYTHON_VERSION = "3.13"
PYTHON = "/opt/fer-edge/bin/python"
SITE = f"opt/fer-edge/lib/python{PYTHON_VERSION}/site-packages"
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")
_ABI = f"cp{PYTHON_VERSION.replace('.', '')}"
_FOR_IT = (
    *("--python-version", PYTHON_VERSION, "--implementation", "cp"),
    *("--abi", _ABI, "--abi", "abi3", "--abi", "none"),
    *(f"--platform={name}" for name in PLATFORMS),
)
CPU = "cortex-a72"
"""Processor of a Raspberry Pi 4."""
PROGRAMS = ("debootstrap", "qemu-aarch64", "qemu-aarch64-static", "unshare", "cc")

_BINFMT = Path("/proc/sys/fs/binfmt_misc")
# F: the kernel opens qemu at registration, so that qemu need not be inside the chroot
_REGISTRATION = (
    r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:"
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:"
    r"/usr/bin/qemu-aarch64-static:F"
)


def missing_programs() -> list[str]:
    """Return the names of required programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def build(folder: Path) -> Path:
    """Build the userland in a folder, or update this checkout in it; return its root."""
    root = debian(folder)
    gather_wheels(root / "wheels", machine="aarch64", python=PYTHON_VERSION)
    _install(root)
    library = folder / "count.so"
    source = Path(__file__).with_name("count_instructions.c")
    run_or_raise(["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source)])
    return root


def debian(folder: Path) -> Path:
    """Build the userland without fer-edge in a folder, unless it exists; return its root."""
    root = folder / "root"
    register_qemu()
    ready = folder / f"{DEBIAN}-ready"
    if not ready.exists():
        remove_root(root)
        root.parent.mkdir(parents=True, exist_ok=True)
        packages = "--include=python3,python3-venv,openssh-server"
        strap = ["debootstrap", "--foreign", "--arch=arm64", "--variant=minbase", packages]
        run_or_raise([*strap, DEBIAN, str(root)])
        _unpack(root)
        ready.touch()
    return root


def run_in(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the userland, with /proc and /dev mounted until the command ends."""
    mounts = f"mount --bind /proc {root}/proc; mount --bind /dev {root}/dev"
    inside = f"{mounts}; exec chroot {root} {shlex.join(command)}"
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", inside], capture_output=True, text=True, check=False
    )


def count_instructions(root: Path, script: Path, *arguments: str, cpu: str) -> int:
    """Run a script with the userland's Python in qemu; return the number of guest instructions.

    It runs outside the chroot, because the counting qemu is a host program with host libraries. The
    host's /sys is hidden, because LiteRT would read the properties of the host's processor there.
    """
    result = root.parent / "count.txt"
    environment = {
        "PYTHONHOME": f"{root}/usr",
        "PYTHONPATH": str(root / SITE),
        "QEMU_CPU": cpu,
        # without these two, the start varies between runs by 1% of what 200 inferences take
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": os.environ["PATH"],
    }
    qemu = ["qemu-aarch64", "-L", str(root), "-plugin", str(root.parent / "count.so")]
    qemu += ["-d", "plugin", "-D", str(result), f"{root}/usr/bin/python{PYTHON_VERSION}"]
    command = shlex.join([*qemu, str(script), *arguments])
    run_or_raise(
        ["unshare", "--mount", "sh", "-c", f"mount -t tmpfs none /sys; exec {command}"],
        env=environment,
    )
    return int(result.read_text("ascii"))


def instructions_per_inference(
    root: Path, what: str, *, clip: Path | None = None, runs: int = 200
) -> int:
    """Return the guest instructions of one inference, detection or frame, without the start.

    Args:
        root: Root of the userland.
        what: Bundled name or file, as in infer.py; files inside the userland come first.
        clip: Clip whose frames are processed; None for inferences or detections.
        runs: Number of inferences, detections or frames to average over.
    """
    script, few, more = Path(__file__).with_name("infer.py"), 10, () if clip is None else (clip,)
    _, *counts = [  # the first run writes byte code
        count_instructions(root, script, what, str(n), *map(str, more), cpu=CPU)
        for n in (1, few, few + runs)
    ]
    return round((counts[1] - counts[0]) / runs)


def qemu_version() -> str:
    """Return the version of the qemu that counts instructions."""
    said = subprocess.run(["qemu-aarch64", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\S+)", said.stdout)
    return found[1] if found else said.stdout.strip()


def register_qemu() -> None:
    """Let the kernel start arm64 programs through qemu."""
    if not (_BINFMT / "register").exists():
        run_or_raise(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)])
    if not (_BINFMT / "qemu-aarch64").exists():
        (_BINFMT / "register").write_text(_REGISTRATION)


def _unpack(root: Path) -> None:
    """Unpack the fetched packages, in place of debootstrap's second stage.

    That stage runs the scripts of each package under qemu, where one of them sometimes hangs. The
    tests need nothing that the scripts write except for the lists of users and groups.
    """
    archives = root / "var" / "cache" / "apt" / "archives"
    for package in sorted(archives.glob("*.deb")):
        run_or_raise(["dpkg-deb", "--extract", str(package), str(root)])
        package.unlink()
    shutil.rmtree(root / "debootstrap")
    for name in ("passwd", "group"):
        shutil.copy(root / "usr" / "share" / "base-passwd" / f"{name}.master", root / "etc" / name)


def _install(root: Path) -> None:
    """Make a virtual environment in the userland, and unpack the wheels into it from outside.

    This takes seconds, pip inside the userland minutes; test_deploy.py tests pip on a device.
    """
    site = root / SITE
    if not site.exists():
        done = run_in(root, "python3", "-m", "venv", "--without-pip", "/opt/fer-edge")
        if done.returncode:
            raise RuntimeError(f"no environment can be made in {root}: {done.stderr}")
    for old in site.glob("fer_edge*"):
        shutil.rmtree(old)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    pip += ["--no-index", "--find-links", str(root / "wheels"), "--upgrade"]
    run_or_raise([*pip, "--only-binary=:all:", "--target", str(site), *_FOR_IT, "fer-edge"])


def remove_root(root: Path) -> None:
    """Remove an incomplete root; after an interrupted build, unmount /proc and /sys in it first."""
    for line in reversed(Path("/proc/self/mounts").read_text("utf-8").splitlines()):
        place = line.split()[1]
        if Path(place).is_relative_to(root):
            run_or_raise(["umount", place])
    shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
