"""An arm64 machine without a disk: the userland of `make test-arm64`, and Debian's kernel.

Its initial RAM disk contains everything: Debian 13, this checkout, and the modules of vivid, the
kernel's test camera. In addition to the requirements of tests/arm64/userland.py, it requires root
and these Debian packages:

    qemu-system-arm cpio
"""

import json
import lzma
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from tests.arm64.userland import CPU, DEBIAN, PYTHON_VERSION, debian
from tests.arm64.userland import missing_programs as missing_for_userland
from tests.device.image import mirror
from tests.support.device_wheels import gather_wheels, run_or_raise

from .first_program import MARK

CAMERA = "vivid"
MEMORY_MIB = 3072
BOARD = "virt"
_LEFT_OUT = ("opt", "wheels", "var/cache", "var/lib/apt", "usr/share/doc", "usr/share/locale")
_LIMIT_S = 1500


def missing_programs() -> list[str]:
    """Return the names of required programs that are not installed."""
    own = [name for name in ("qemu-system-aarch64", "cpio") if shutil.which(name) is None]
    return [*missing_for_userland(), *own]


def run_commands(
    folder: Path, userland: Path, commands: dict[str, list[str]], files: dict[str, Path]
) -> dict[str, dict[str, Any]]:
    """Start a machine, run commands in it, and return the result of each.

    Args:
        folder: Folder that keeps the fetched and built files of the machine.
        userland: Folder of the userland of tests/arm64; it is built if it is missing.
        commands: Name -> command.
        files: Name below /root in the machine -> file or folder to copy there.
    """
    root = debian(userland)
    package = _kernel_package(folder)
    more = folder / "more"
    shutil.rmtree(more, ignore_errors=True)
    _install(folder, more)
    _modules(package, more / "modules")
    for name, source in files.items():
        target = more / "root" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    (more / "commands.json").write_text(json.dumps(commands))
    initrd = folder / "initrd"
    without = [f"-path ./{name} -prune -o" for name in _LEFT_OUT]
    pack = "cpio --quiet -o -H newc"
    script = f"(cd {root} && find . {' '.join(without)} -xdev -print | {pack}) > {initrd}; "
    # the kernel unpacks two archives in one file, one after the other
    run_or_raise(["sh", "-ec", f"{script}(cd {more} && find . | {pack}) >> {initrd}"])
    return _results(_boot(folder, package, initrd))


def _boot(folder: Path, package: Path, initrd: Path) -> str:
    """Run the machine until it switches itself off; return the text of its console."""
    kernel = next((package / "boot").glob("vmlinuz-*"))
    serial = folder / "serial.txt"
    command = ["qemu-system-aarch64", "-machine", BOARD, "-cpu", CPU, "-smp", "1"]
    command += ["-m", str(MEMORY_MIB), "-display", "none", "-monitor", "none", "-nic", "none"]
    command += ["-serial", f"file:{serial}", "-no-reboot", "-kernel", str(kernel)]
    command += ["-initrd", str(initrd)]
    command += ["-append", "console=ttyAMA0 quiet rdinit=/init panic=-1"]
    subprocess.run(command, check=True, timeout=_LIMIT_S)
    return serial.read_text("utf-8", errors="replace")


def _results(console: str) -> dict[str, dict[str, Any]]:
    said = [json.loads(line[len(MARK) :]) for line in console.splitlines() if line.startswith(MARK)]
    assert said, console[-3000:]
    assert said[-1] == {"name": "end"}, console[-3000:]
    assert all("name" in value for value in said), said
    return {value["name"]: value for value in said}


def _kernel_package(folder: Path) -> Path:
    """Fetch and unpack Debian's arm64 kernel, unless it is there; return its folder."""
    place = folder / "kernel"
    if place.exists():
        return place
    apt = folder / "apt"
    (apt / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (apt / "sources.list").write_text(f"deb [signed-by={key}] {mirror()} {DEBIAN} main\n")
    options = [f"Dir::State::lists={apt}/lists", f"Dir::Etc::sourcelist={apt}/sources.list"]
    options += ["Dir::Etc::sourceparts=-", "APT::Architecture=arm64", "APT::Architectures::=arm64"]
    options += [f"Dir::Cache={apt}", "Dir::State::status=/dev/null", "APT::Sandbox::User=root"]
    told = [word for option in options for word in ("-o", option)]
    run_or_raise(["apt-get", *told, "-qq", "update"])
    shown = run_or_raise(["apt-cache", *told, "show", "linux-image-arm64"])
    name = re.findall(r"^Depends: ([\w.+-]+)", shown, re.MULTILINE)[0]
    fetch = ["sh", "-c", 'cd "$1" && shift && exec apt-get "$@"', "sh", str(apt), *told]
    run_or_raise([*fetch, "-qq", "download", name])
    half = folder / "kernel-partial"
    run_or_raise(["dpkg-deb", "-x", str(next(apt.glob("linux-image-*.deb"))), str(half)])
    half.rename(place)
    return place


def _install(folder: Path, more: Path) -> None:
    """Unpack the wheels of this checkout and its requirements, and add the init program."""
    gather_wheels(folder / "wheels", machine="aarch64", python=PYTHON_VERSION)
    for wheel in (folder / "wheels").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(more / "opt" / "fer")
    init = more / "init"
    text = Path(__file__).with_name("first_program.py").read_text("utf-8")
    init.write_text(f"#!/usr/bin/python3\n{text}")
    init.chmod(0o755)


def _modules(package: Path, target: Path) -> None:
    """Write the camera's kernel module and its dependencies, numbered in the order of loading."""
    found = {
        path.name.split(".")[0].replace("-", "_"): path
        for path in (package / "usr" / "lib" / "modules").rglob("*.ko.xz")
    }
    order: list[str] = []

    def add(name: str) -> None:
        binary = lzma.decompress(found[name].read_bytes())
        needs = re.search(rb"\0depends=([^\0]*)\0", binary)
        for needed in (needs[1].decode() if needs else "").replace("-", "_").split(","):
            if needed:
                add(needed)
        if name not in order:
            (target / f"{len(order):02d}-{name}.ko").write_bytes(binary)
            order.append(name)

    target.mkdir(parents=True)
    add(CAMERA)
