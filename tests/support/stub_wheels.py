"""Wheels that install quickly: small packages, and a path file that leads to large ones."""

import base64
import ensurepip
import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from email import message_from_string
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from fer_edge.runtime.deploy.own_wheel import own_wheel

SMALL_BYTES = 2_000_000


def stub_wheels(folder: Path, *extras: str) -> Path:
    """Write a wheel for each requirement of fer-edge, and copy pip's real wheel; return folder."""
    names = sorted(_closure("fer-edge", extras, set()) - {"fer-edge"})
    found = [metadata.distribution(name) for name in names]
    places = "".join(f"{place}\n" for place in {item.locate_file("") for item in found})
    for item in found:
        files = {str(path): path.locate().read_bytes() for path in _files(item)}
        if sum(map(len, files.values())) > SMALL_BYTES:
            files = {"large_packages.pth": places.encode()} if item is found[0] else {}
        _write(folder, item, files)
    for path in (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"):
        shutil.copy(path, folder)
    return folder


def own_requirements() -> list[str]:
    """Return the requirements of this fer-edge's wheel."""
    files = dict(own_wheel().files)
    text = next(data for path, data in files.items() if path.endswith("/METADATA")).decode()
    return message_from_string(text).get_all("Requires-Dist") or []


def _files(distribution: metadata.Distribution) -> Iterator[metadata.PackagePath]:
    for path in distribution.files or ():
        is_script = path.parts[0] == ".." or "__pycache__" in path.parts
        if not is_script and not path.parts[0].endswith(".dist-info"):
            yield path


def _closure(name: str, extras: tuple[str, ...], seen: set[str]) -> set[str]:
    seen.add(name)
    for requirement in _required(name, extras):
        other = canonicalize_name(requirement.name)
        if other not in seen:
            _closure(other, tuple(requirement.extras), seen)
    return seen


def _required(name: str, extras: tuple[str, ...]) -> Iterator[Requirement]:
    # fer-edge's requirements as deployed: metadata of an editable install may be outdated
    for text in own_requirements() if name == "fer-edge" else metadata.requires(name) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def _write(folder: Path, distribution: metadata.Distribution, files: dict[str, bytes]) -> None:
    name = distribution.metadata["Name"].replace("-", "_")
    info = f"{name}-{distribution.version}.dist-info"
    wheel = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    about = (distribution.read_text("METADATA") or "").encode()
    files = {**files, f"{info}/METADATA": about, f"{info}/WHEEL": wheel}
    path = folder / f"{name}-{distribution.version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for inside, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
            record += f"{inside},sha256={digest.decode()},{len(data)}\n"
            archive.writestr(inside, data)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
