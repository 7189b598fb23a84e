"""Python, the packages that fer-edge needs, and conflicts between them."""

import sys
from collections.abc import Mapping, Sequence
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .finding import Finding

_TESTED_PYTHONS = ((3, 10), (3, 13))
"""Lowest and highest version with which .github/workflows/checks.yml runs the tests."""
_OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""Wheels that all unpack into the folder cv2."""

_REPLACEMENTS = {"ai-edge-litert": "tflite-runtime"}
"""Alternatives for a requirement: requirements/tflite-runtime.txt installs this one."""

_EXTRAS_OF_DEVICES = ("demo", "web", "mqtt")


def installed_versions() -> dict[str, str]:
    """Return name -> version of every installed distribution, names as in PyPI's simple index."""
    return {
        canonicalize_name(item.metadata["Name"]): item.version
        for item in metadata.distributions()
        if item.metadata["Name"]
    }


def examine_packages(
    versions: Mapping[str, str],
    requirements: Sequence[str],
    extras: Sequence[str] = (),
    python: tuple[int, int] = sys.version_info[:2],
) -> list[Finding]:
    """Check the installed packages.

    Args:
        versions: Version of every distribution; see `installed_versions`.
        requirements: Requirements of fer-edge, from its metadata.
        extras: Names of fer-edge's extras.
        python: Version of Python.
    """
    parsed = [Requirement(text) for text in requirements]
    return [
        _python(python),
        _required(versions, [item for item in parsed if _is_required(item)]),
        *_conflicts(versions),
        *_extras(versions, parsed, extras),
    ]


def requirements_of_fer_edge() -> list[str]:
    """Return the requirements in fer-edge's installed metadata; empty without metadata."""
    try:
        return metadata.requires("fer-edge") or []
    except metadata.PackageNotFoundError:
        return []


def extras_of_fer_edge() -> list[str]:
    """Return the names of fer-edge's installed extras; empty without metadata."""
    try:
        return metadata.metadata("fer-edge").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return []


def _python(python: tuple[int, int]) -> Finding:
    text = f"{sys.version.split()[0]} at {sys.executable}"
    if not _TESTED_PYTHONS[0] <= python <= _TESTED_PYTHONS[1]:
        lowest, highest = (".".join(map(str, version)) for version in _TESTED_PYTHONS)
        return Finding(
            "python",
            "warning",
            f"{'.'.join(map(str, python))}, which fer-edge was not tested with",
            f"create the virtual environment with Python {lowest} to {highest}",
        )
    return Finding("python", "ok", text)


def _required(versions: Mapping[str, str], requirements: Sequence[Requirement]) -> Finding:
    shown, wrong = [], []
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        version = versions.get(name)
        other = _REPLACEMENTS.get(name, "")
        if version is None and other in versions:
            shown.append(f"{other} {versions[other]} (instead of {name})")
            continue
        shown.append(f"{name} {version or 'missing'}")
        if version is None or not _fits(version, requirement.specifier):
            wrong.append(f"{name}{requirement.specifier}")
    text = ", ".join(shown) or "fer-edge runs from its source folder and is not installed"
    if wrong:
        advice = f"pip install {' '.join(repr(item) for item in wrong)}"
        return Finding("packages", "warning", f"{text}; expected {', '.join(wrong)}", advice)
    return Finding("packages", "ok", text)


def _conflicts(versions: Mapping[str, str]) -> list[Finding]:
    findings = []
    several = [name for name in _OPENCVS if name in versions]
    if len(several) > 1:
        findings.append(
            Finding(
                "packages",
                "warning",
                f"{' and '.join(several)} overwrite each other's cv2",
                f"pip uninstall {' '.join(several)}, then pip install opencv-python-headless",
            )
        )
    if (
        "ai-edge-litert" not in versions
        and "tflite-runtime" in versions
        and _major(versions.get("numpy", "0")) >= 2
    ):
        findings.append(
            Finding(
                "packages",
                "problem",
                f"tflite-runtime {versions['tflite-runtime']} crashes with NumPy "
                f"{versions['numpy']}",
                "pip install 'numpy<2' 'opencv-python-headless<4.12'; or ai-edge-litert instead",
            )
        )
    return findings


def _extras(
    versions: Mapping[str, str], requirements: Sequence[Requirement], extras: Sequence[str]
) -> list[Finding]:
    there = []
    for extra in extras:
        own = [item for item in requirements if not _is_required(item)]
        needed = [item for item in own if _is_required(item, extra)]
        if any(item.extras for item in needed):  # their contents are not known from the name
            continue
        names = [canonicalize_name(item.name) for item in needed]
        if names and all(name in versions for name in names):
            there.append(extra)
    missing = [extra for extra in _EXTRAS_OF_DEVICES if extra in extras and extra not in there]
    text = f"installed: {', '.join(there) or 'none'}"
    if missing:
        text += f"; not installed, and optional: {', '.join(missing)}"
    return [Finding("extras", "ok", text)] if extras else []


def _is_required(requirement: Requirement, extra: str = "") -> bool:
    """Return whether this machine and Python need it, with or without an extra."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _fits(version: str, bounds: SpecifierSet) -> bool:
    try:
        return bounds.contains(Version(version), prereleases=True)
    except InvalidVersion:  # from a custom build
        return True


def _major(version: str) -> int:
    try:
        return Version(version).major
    except InvalidVersion:
        return 0
