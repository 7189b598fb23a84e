"""A wheel of the running fer-edge, made from its installed files or its checkout.

It needs neither build tools nor a network. Equal files give an equal digest, by which an existing
environment on a device is recognized.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata, util
from pathlib import Path
from typing import Any

import fer_edge
from fer_edge import __version__
from fer_edge.documents import parse_toml
from fer_edge.errors import DeployError

EXTRAS = "mqtt,web"
"""Packages that a configuration may need; both are small and pure Python."""

_PACKAGES = ("fer_edge", "fer_edge.training", "fer_edge.converters", "fer_edge.runtime")
_WHEEL = "Wheel-Version: 1.0\nGenerator: fer-edge\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA, ENTRY_POINTS = "METADATA", "entry_points.txt"
"""Metadata files of a wheel."""


@dataclass(frozen=True)
class OwnWheel:
    """The wheel, built when its bytes are requested.

    Attributes:
        version: Version of fer-edge.
        files: Path in the wheel -> content.
    """

    version: str
    files: tuple[tuple[str, bytes], ...]

    @property
    def name(self) -> str:
        """File name in pip's format."""
        return f"fer_edge-{self.version}-py3-none-any.whl"

    @cached_property
    def digest(self) -> str:
        """sha256 of all files, not of the archive."""
        digest = hashlib.sha256()
        for path, data in self.files:
            digest.update(f"{path}\0{len(data)}\0".encode())
            digest.update(data)
        return digest.hexdigest()

    @cached_property
    def data(self) -> bytes:
        """The archive."""
        buffer, record = io.BytesIO(), []
        folder = f"fer_edge-{self.version}.dist-info"
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for path, content in self.files:
                archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), content)
                sha256 = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
                record.append(f"{path},sha256={sha256.rstrip(b'=').decode()},{len(content)}\n")
            record.append(f"{folder}/RECORD,,\n")
            name = zipfile.ZipInfo(f"{folder}/RECORD", (1980, 1, 1, 0, 0, 0))
            archive.writestr(name, "".join(record))
        return buffer.getvalue()


def own_wheel() -> OwnWheel:
    """Collect the files of this installation.

    Raises:
        DeployError: fer-edge is not installed, so its requirements are unknown.
    """
    folder = f"fer_edge-{__version__}.dist-info"
    files = dict(_code())
    for name, text in {**_description(), "WHEEL": _WHEEL}.items():
        files[f"{folder}/{name}"] = text.encode()
    return OwnWheel(__version__, tuple(sorted(files.items())))


def _description() -> dict[str, str]:
    """Return the metadata for pip; a checkout's pyproject.toml overrides installed metadata."""
    checkout = Path(fer_edge.__file__).parents[1] / "pyproject.toml"
    if checkout.is_file():
        project = parse_toml(checkout.read_bytes()).get("project", {})
        if project.get("name") == "fer-edge":
            return {METADATA: _metadata_of(project), ENTRY_POINTS: _entry_points_of(project)}
    try:
        distribution = metadata.distribution("fer-edge")
    except metadata.PackageNotFoundError as error:
        raise DeployError(
            "fer-edge is not installed, so its requirements are unknown; run: pip install fer-edge"
        ) from error
    return {name: distribution.read_text(name) or "" for name in (METADATA, ENTRY_POINTS)}


def _entry_points_of(project: dict[str, Any]) -> str:
    """Write the plug-ins and the command, in the same order as setuptools."""
    groups = {"console_scripts": project["scripts"], **project.get("entry-points", {})}
    lines = []
    for group, points in sorted(groups.items()):
        lines += [
            f"[{group}]",
            *(f"{name} = {place}" for name, place in sorted(points.items())),
            "",
        ]
    return "\n".join(lines)


def _metadata_of(project: dict[str, Any]) -> str:
    """Write the part of pyproject.toml that pip needs, as core metadata 2.1."""
    lines = ["Metadata-Version: 2.1", "Name: fer-edge", f"Version: {__version__}"]
    lines.append(f"Requires-Python: {project['requires-python']}")
    lines += [f"Requires-Dist: {text}" for text in project["dependencies"]]
    for extra, texts in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        for text in texts:
            what, _, marker = text.partition(";")
            condition = f"({marker.strip()}) and " if marker else ""
            lines.append(f'Requires-Dist: {what.strip()}; {condition}extra == "{extra}"')
    return "\n".join(lines) + "\n"


def _code() -> Iterator[tuple[str, bytes]]:
    for package in _PACKAGES:
        spec = util.find_spec(package)
        for place in (spec and spec.submodule_search_locations) or ():
            root = Path(place)
            for path in root.rglob("*"):
                inside = path.relative_to(root)
                if path.is_file() and "__pycache__" not in inside.parts:
                    yield f"{package.replace('.', '/')}/{inside.as_posix()}", path.read_bytes()
