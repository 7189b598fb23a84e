"""Wheels of packages with plug-ins for fer-edge, made here without a build backend."""

import base64
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fer_edge import plugins

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EntryPoints = Mapping[str, Mapping[str, str]]
"""Group -> name -> object reference, as in pyproject.toml."""


def make_wheel(
    folder: Path, name: str, modules: Mapping[str, str], entry_points: EntryPoints
) -> Path:
    """Write a wheel of modules and their entry points, like a build backend."""
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
    """Write the wheel of a project folder: its pyproject.toml names the modules."""
    settings: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    modules = settings["tool"]["setuptools"]["py-modules"]
    texts = {module: (project / f"{module}.py").read_text("utf-8") for module in modules}
    about = settings["project"]
    return make_wheel(folder, about["name"], texts, about["entry-points"])


def pip_install(wheel: Path, target: Path) -> Path:
    """Install a wheel into a folder, without an index; return the folder, for PYTHONPATH."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    options = ["--no-index", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run([*command, *options], check=True)
    return target


@contextmanager
def installing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Yield a function that installs a package in this process.

    Its arguments are the module's text, a group, and names of parts; all are `module:part`.
    """
    loaded = set(sys.modules)

    def install(text: str, group: str, *names: str, package: str = "broken-package") -> None:
        module = package.replace("-", "_")
        parts = {group: {name: f"{module}:part" for name in names}}
        # a wheel of pure Python modules is installed by unpacking it, which is faster than pip
        with zipfile.ZipFile(make_wheel(folder, package, {module: text}, parts)) as wheel:
            wheel.extractall(folder / "packages")
        monkeypatch.syspath_prepend(folder / "packages")
        plugins._foreign.cache_clear()

    yield install
    plugins._foreign.cache_clear()
    for name in set(sys.modules) - loaded:
        if name.endswith("_package"):
            del sys.modules[name]


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
