"""Python, the packages that fer-edge stands on, and the ways in which they quarrel."""

import re
import sys
from collections.abc import Mapping
from importlib import metadata

from .finding import Finding

_TESTED_PYTHONS = ((3, 11), (3, 13))
"""Lowest and highest with which the whole test suite ran."""
_OPENCVS = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""Wheels that all unpack into the one folder cv2."""

_REPLACEMENTS = {"ai-edge-litert": "tflite-runtime"}
"""What may stand in for a requirement: requirements/tflite-runtime.txt installs it so."""

_EXTRAS_OF_DEVICES = ("demo", "web", "mqtt")
_REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;\s*(.*))?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")
_BOUND = re.compile(r"(>=|<=|==|!=|~=|<|>)\s*([\d.]+)")


def installed_versions() -> dict[str, str]:
    """Return name -> version of every installed distribution, names as in PyPI's simple index."""
    return {
        canonical(item.metadata["Name"]): item.version
        for item in metadata.distributions()
        if item.metadata["Name"]
    }


def canonical(name: str) -> str:
    """Return a distribution's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def examine_packages(
    versions: Mapping[str, str],
    requirements: list[str],
    python: tuple[int, int] = sys.version_info[:2],
) -> list[Finding]:
    """Look at what is installed.

    Args:
        versions: Of every distribution; see `installed_versions`.
        requirements: fer-edge's own, as its metadata has them.
        python: Version of Python.
    """
    return [
        _python(python),
        _required(versions, requirements),
        *_conflicts(versions),
        *_extras(versions, requirements),
    ]


def requirements_of_fer_edge() -> list[str]:
    """Return the requirements in the installed fer-edge's metadata; none where it has none."""
    try:
        return metadata.requires("fer-edge") or []
    except metadata.PackageNotFoundError:
        return []


def _python(python: tuple[int, int]) -> Finding:
    text = f"{sys.version.split()[0]} at {sys.executable}"
    if not _TESTED_PYTHONS[0] <= python <= _TESTED_PYTHONS[1]:
        lowest, highest = (".".join(map(str, version)) for version in _TESTED_PYTHONS)
        return Finding(
            "python",
            "warning",
            f"{'.'.join(map(str, python))}, with which fer-edge was not tested",
            f"make the virtual environment with Python {lowest} to {highest}",
        )
    return Finding("python", "ok", text)


def _required(versions: Mapping[str, str], requirements: list[str]) -> Finding:
    shown, wrong = [], []
    for requirement in requirements:
        name, bounds, marker = _parse(requirement)
        if marker:  # of an extra, or for another machine
            continue
        version = versions.get(name)
        other = _REPLACEMENTS.get(name, "")
        if version is None and other in versions:
            shown.append(f"{other} {versions[other]} (in place of {name})")
            continue
        shown.append(f"{name} {version or 'missing'}")
        if version is None or not _fits(version, bounds):
            wrong.append(f"{name}{bounds}")
    text = ", ".join(shown) or "fer-edge is run from its folder, not installed"
    if wrong:
        advice = f"pip install {' '.join(repr(item) for item in wrong)}"
        return Finding("packages", "warning", f"{text}; wanted {', '.join(wrong)}", advice)
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
                f"pip uninstall {' '.join(several)}, then pip install 'opencv-python-headless<5'",
            )
        )
    opencvs = [f"{name} {versions[name]}" for name in several]
    if any(_numbers(versions[name]) >= (5,) for name in several):
        findings.append(
            Finding(
                "packages",
                "warning",
                f"{', '.join(opencvs)}: fer-edge was not tested with OpenCV 5, which has no Haar "
                "detector",
                "pip install 'opencv-python-headless>=4.8,<5'",
            )
        )
    if (
        "ai-edge-litert" not in versions
        and "tflite-runtime" in versions
        and _numbers(versions.get("numpy", "0")) >= (2,)
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


def _extras(versions: Mapping[str, str], requirements: list[str]) -> list[Finding]:
    wanted: dict[str, list[str]] = {}
    for requirement in requirements:
        name, _, marker = _parse(requirement)
        extra = _EXTRA.fullmatch(marker)  # not what other machines or Pythons want besides
        if extra:
            wanted.setdefault(extra[1], []).append(name)
    there = [extra for extra, names in wanted.items() if all(name in versions for name in names)]
    missing = [extra for extra in _EXTRAS_OF_DEVICES if extra in wanted and extra not in there]
    text = f"installed: {', '.join(there) or 'none'}"
    if missing:
        text += f"; not installed, and optional: {', '.join(missing)}"
    return [Finding("extras", "ok", text)] if wanted else []


def _parse(requirement: str) -> tuple[str, str, str]:
    match = _REQUIREMENT.fullmatch(requirement.strip())
    if match is None:
        return canonical(requirement), "", "unknown"
    return canonical(match[1]), match[2].strip(), (match[3] or "").strip()


def _fits(version: str, bounds: str) -> bool:
    """Return whether a version lies within plain bounds such as >=4.8,<5."""
    ours = _numbers(version)
    for sign, bound in _BOUND.findall(bounds):
        theirs = _numbers(bound)
        is_fit = {
            ">=": ours >= theirs,
            "~=": ours >= theirs and ours[: len(theirs) - 1] == theirs[:-1],
            "<=": ours <= theirs,
            "==": ours == theirs,
            "!=": ours != theirs,
            "<": ours < theirs,
            ">": ours > theirs,
        }[sign]
        if not is_fit:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version without trailing zeros: 4.10.0 is (4, 10)."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else [0]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
