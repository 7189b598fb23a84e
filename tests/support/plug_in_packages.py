"""Packages that bring parts for fer-edge: wheels made here, since no build backend may be there."""

import base64
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EntryPoints = Mapping[str, Mapping[str, str]]
"""Group -> name -> what it names, as in pyproject.toml."""


def make_wheel(
    folder: Path, name: str, modules: Mapping[str, str], entry_points: EntryPoints
) -> Path:
    """Write what a build backend would: a wheel of modules and their entry points."""
    distribution = name.replace("-", "_")
    info = f"{distribution}-0.1.0.dist-info"
    lines = []
    for group, parts in entry_points.items():
        lines += [f"[{group}]", *(f"{part} = {value}" for part, value in parts.items()), ""]
    files = {
        **{f"{module}.py": text for module, text in modules.items()},
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "\n".join(lines),
    }
    rows = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    path = folder / f"{distribution}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, text in files.items():
            wheel.writestr(member, text)
    return path


def make_wheel_of_project(folder: Path, project: Path) -> Path:
    """Write the wheel of a folder with a pyproject.toml and the modules that it names."""
    settings: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    modules = settings["tool"]["setuptools"]["py-modules"]
    texts = {module: (project / f"{module}.py").read_text("utf-8") for module in modules}
    about = settings["project"]
    return make_wheel(folder, about["name"], texts, about["entry-points"])


def pip_install(wheel: Path, target: Path) -> Path:
    """Install a wheel into a folder, without an index; returns the folder, for PYTHONPATH."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--no-index", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run([*command, *options], check=True)
    return target


def unpack(wheel: Path, target: Path) -> None:
    """Do what pip does with a wheel of plain modules, in no time."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
