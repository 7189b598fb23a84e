"""A Debian 13 with a real Home Assistant Core in it, entered by chroot.

`python -m tests.home_assistant.userland FOLDER` makes it, once: mmdebstrap, then Home Assistant and
what its integrations ask for from PyPI. It takes about ten minutes the first time, needs root and
these Debian packages in addition to those of tests/debian-packages.txt:

    mmdebstrap
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

DEBIAN = "trixie"
"""The Debian whose Python, 3.13, has the newest Home Assistant that needs no Python from source."""
HOME_ASSISTANT = "2026.2.3"
"""The newest release for Python 3.13."""
INTEGRATIONS = (
    *("frontend", "mqtt", "recorder", "history", "automation", "logger", "switch"),
    # the frontend asks for a description of all services, which imports these
    *("camera", "conversation", "assist_pipeline", "ffmpeg", "stream", "tts"),
    # the first steps of a new home offer these
    *("met", "google_translate", "radio_browser"),
)
PYTHON = "/opt/home-assistant/bin/python"
PROGRAMS = ("mmdebstrap", "unshare", "chromium")

_CONSTRAINTS = (
    "/opt/home-assistant/lib/python3.13/site-packages/homeassistant/package_constraints.txt"
)
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def missing_programs() -> list[str]:
    """Name the programs that are needed and not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def build(folder: Path) -> Path:
    """Make the userland in a folder, unless it is there; return its root."""
    root, debian = folder / "root", folder / f"{DEBIAN}-ready"
    ready = folder / f"home-assistant-{HOME_ASSISTANT}-ready"
    if ready.exists():
        return root
    if not debian.exists():
        shutil.rmtree(root, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        _strap(root)
        debian.touch()
    shutil.copy(Path(__file__).with_name("requirements.py"), root / "opt/requirements.py")
    inside(root, "python3 -m venv /opt/home-assistant")
    certificates = f"PIP_CERT={_CERTIFICATES} SSL_CERT_FILE={_CERTIFICATES}"
    inside(root, f"{certificates} {PYTHON} -m pip install --quiet uv")
    # Home Assistant's own list of versions: without it the search for some that agree takes long
    uv = f"cd /opt && {certificates} {PYTHON} -m uv --quiet pip"
    inside(root, f"{uv} install --no-deps homeassistant=={HOME_ASSISTANT}")
    uv += f" install --constraint {_CONSTRAINTS} --requirement"
    inside(root, f"echo homeassistant=={HOME_ASSISTANT} > /opt/core.txt && {uv} core.txt")
    asked = f"{PYTHON} /opt/requirements.py {' '.join(INTEGRATIONS)}"
    inside(root, f"{asked} > /opt/asked.txt && {uv} asked.txt")
    ready.touch()
    return root


def _strap(root: Path) -> None:
    packages = "--include=python3,python3-venv,python3-dev,gcc,g++,libc6-dev,ca-certificates,tzdata"
    strap = ["mmdebstrap", "--variant=minbase", "--mode=root", packages]
    strap += ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*"]
    run([*strap, DEBIAN, str(root), *mirrors()])
    # as this machine reaches PyPI, so does the chroot
    shutil.copy(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")


def mirrors() -> list[str]:
    """Return the sources of the Debian, from where this machine's apt has its own packages.

    Raises:
        RuntimeError: It has none of Debian's.
    """
    form = "$(ORIGIN)|$(COMPONENT)|$(SITE)"
    listed = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    sites = {line.split("|")[2] for line in listed.splitlines() if line.startswith("Debian|main|")}
    found = sorted(site for site in sites if not site.rstrip("/").endswith("-security"))
    if not found:
        raise RuntimeError("apt knows no Debian packages here; expected Debian as its source")
    return [f"deb {found[0]} {DEBIAN} main"]


def command_in(root: Path, command: str) -> list[str]:
    """Return the command that runs a shell's line inside, with /proc and /dev while it runs."""
    mounts = f"mount --bind /proc {root}/proc; mount --bind /dev {root}/dev"
    return [
        "unshare",
        "--mount",
        "sh",
        "-c",
        f"{mounts}; exec chroot {root} sh -c {shlex.quote(command)}",
    ]


def inside(root: Path, command: str) -> str:
    """Run a shell's line inside; return what it says."""
    return run(command_in(root, command))


def run(command: list[str]) -> str:
    """Run a command; return what it says on standard output.

    Raises:
        RuntimeError: It failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = " / ".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise RuntimeError(f"{shlex.join(command)} ended with {done.returncode}: {tail}")
    return done.stdout


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
