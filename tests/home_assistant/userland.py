"""A Debian 13 userland with a real Home Assistant Core, entered by chroot.

`python -m tests.home_assistant.userland FOLDER` builds it once: mmdebstrap, then Home Assistant and
the requirements of its integrations from PyPI. This takes about ten minutes the first time, and
requires root and these Debian packages in addition to those of tests/debian-packages.txt:

    mmdebstrap
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

DEBIAN = "trixie"
"""Debian release, with Python 3.13; newer releases of Home Assistant require a newer Python."""
HOME_ASSISTANT = "2026.2.3"
"""The newest release for Python 3.13."""
INTEGRATIONS = (
    *("frontend", "mqtt", "recorder", "history", "automation", "logger", "switch"),
    # the frontend requests a description of all services, and the description imports these
    *("camera", "conversation", "assist_pipeline", "ffmpeg", "stream", "tts"),
    # the onboarding of a new home offers these
    *("met", "google_translate", "radio_browser"),
)
PYTHON = "/opt/home-assistant/bin/python"
PROGRAMS = ("mmdebstrap", "unshare", "chromium")

_CONSTRAINTS = (
    "/opt/home-assistant/lib/python3.13/site-packages/homeassistant/package_constraints.txt"
)
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def missing_programs() -> list[str]:
    """Return the names of required programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


def build(folder: Path) -> Path:
    """Build the userland in a folder, unless it exists; return its root."""
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
    # Home Assistant's own list of versions: without it, the search for compatible ones takes long
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
    # with these two files, the chroot reaches PyPI as this machine does
    shutil.copy(_CERTIFICATES, root / _CERTIFICATES.relative_to("/"))
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")


def mirrors() -> list[str]:
    """Return the apt sources of the Debian release, at the mirror that apt uses on this machine.

    Raises:
        RuntimeError: apt has no Debian source on this machine.
    """
    form = "$(ORIGIN)|$(COMPONENT)|$(SITE)"
    listed = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    sites = {line.split("|")[2] for line in listed.splitlines() if line.startswith("Debian|main|")}
    found = sorted(site for site in sites if not site.rstrip("/").endswith("-security"))
    if not found:
        raise RuntimeError("apt knows no Debian packages here; expected Debian as its source")
    return [f"deb {found[0]} {DEBIAN} main"]


def command_in(root: Path, command: str) -> list[str]:
    """Return the command that runs a shell command in the userland, with /proc and /dev."""
    mounts = f"mount --bind /proc {root}/proc; mount --bind /dev {root}/dev"
    return [
        "unshare",
        "--mount",
        "sh",
        "-c",
        f"{mounts}; exec chroot {root} sh -c {shlex.quote(command)}",
    ]


def inside(root: Path, command: str) -> str:
    """Run a shell command in the userland; return its standard output."""
    return run(command_in(root, command))


def run(command: list[str]) -> str:
    """Run a command; return its standard output.

    Raises:
        RuntimeError: The command failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = " / ".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise RuntimeError(f"{shlex.join(command)} ended with {done.returncode}: {tail}")
    return done.stdout


if __name__ == "__main__":
    build(Path(sys.argv[1]).resolve())
