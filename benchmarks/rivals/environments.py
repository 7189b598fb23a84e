"""Environments of the compared packages, from PyPI or npm; nothing of them is committed.

`fer` also requires facenet-pytorch (PyTorch) and moviepy, which it does not import with the Haar
detector. They are left out, so its installed size here is a lower bound.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

WORKERS = Path(__file__).parent / "workers"
ROOT = Path(__file__).resolve().parents[2]

# OpenCV 5 has no CascadeClassifier, which both packages use as face detector
_SHARED = ("tensorflow>=2.16,<2.22", "opencv-contrib-python<5", "setuptools<81")
_FER = ("pandas", "requests", "tqdm", "Pillow", "matplotlib")


@dataclass(frozen=True, slots=True)
class Rival:
    """A system to measure.

    Attributes:
        name: Name for display.
        version: Installed version.
        worker: Command line of its worker.
        home: Value of the environment variable RIVAL_HOME of the worker.
        weights: File of its classifier.
        installed_mb: Size of everything that was installed for it.
    """

    name: str
    version: str
    worker: tuple[str, ...]
    home: str
    weights: Path
    installed_mb: float


def python_rival(folder: Path, package: str, version: str, weights: str, worker: str) -> Rival:
    """Install a package from PyPI, unless it is installed, and describe it."""
    more = _FER if package == "fer" else ("scikit-image",)
    python = _venv(folder, [*_SHARED, *more], [f"{package}=={version}"])
    site = next(folder.glob("lib/python*/site-packages"))
    return Rival(
        name=f"`{package}`",
        version=version,
        worker=(str(python), str(WORKERS / worker)),
        home="",
        weights=site / weights,
        installed_mb=_size_mb(site),
    )


def node_rival(folder: Path, version: str) -> Rival:
    """Install @vladmandic/face-api for WebAssembly, unless it is installed, and describe it."""
    npm = shutil.which("npm")
    node = shutil.which("node")
    if npm is None or node is None:
        sys.exit("node and npm are needed for face-api; install them, or pass --without face-api")
    packages = [f"@vladmandic/face-api@{version}"]
    packages += ["@tensorflow/tfjs@4", "@tensorflow/tfjs-backend-wasm@4"]
    if not (folder / "ready").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"name": "rival", "private": true}\n')
        install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
        subprocess.run(install, cwd=folder, check=True, stdout=sys.stderr)
        (folder / "ready").touch()
    model = folder / "node_modules/@vladmandic/face-api/model/face_expression_model.bin"
    return Rival(
        name="`@vladmandic/face-api`",
        version=version,
        worker=(node, str(WORKERS / "face_api.cjs")),
        home=str(folder),
        weights=model,
        installed_mb=_size_mb(folder / "node_modules"),
    )


def our_own(folder: Path, models: list[str]) -> list[Rival]:
    """Install this checkout like `pip install .`; describe each of the bundled models."""
    python = _venv(folder, [str(ROOT)], [])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(ROOT)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    return [
        Rival(
            name=f"fer-edge `{model}`",
            version="this checkout",
            worker=(str(python), str(WORKERS / "fer_edge_package.py")),
            home=model,
            weights=site / f"fer_edge/model/files/{model}.tflite",
            installed_mb=_size_mb(site),
        )
        for model in models
    ]


def _venv(folder: Path, requirements: list[str], without_dependencies: list[str]) -> Path:
    python = folder / "bin/python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True, stdout=sys.stderr)
        if without_dependencies:
            subprocess.run([*pip, "--no-deps", *without_dependencies], check=True)
        (folder / "ready").touch()
    return python


def _size_mb(folder: Path) -> float:
    """Return the installed size in MB, without the files of pip and venv."""
    total = 0
    for path in folder.rglob("*"):
        top = path.relative_to(folder).parts[0]
        tool = top.startswith(("pip", "setuptools", "pkg_resources", "_distutils_hack"))
        if not tool and path.is_file() and not path.is_symlink():
            total += path.stat().st_size
    return total / 1e6
