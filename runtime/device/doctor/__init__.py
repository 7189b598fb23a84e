"""Hardware and software of this device, problems, and advice.

Each check is a function that returns findings; a check that fails is itself a finding, so that a
broken installation gives a report and never a traceback. Paths of the kernel are below a `root`, so
that tests can read trees recorded from other boards.
"""

from collections.abc import Callable
from pathlib import Path

from fer_edge.chatter import without_chatter

from .finding import RANKING, Finding, Status

__all__ = ["RANKING", "Finding", "Status", "examine", "worst"]

_REINSTALL = "create a new virtual environment and install fer-edge there"
_REPORT = "report this line to the authors of fer-edge"


def examine(root: Path = Path("/")) -> list[Finding]:
    """Run all checks; takes about a second, and never raises.

    Args:
        root: Folder that contains /proc, /sys, /dev and /usr.
    """
    findings: list[Finding] = []
    for topic, is_vital, check in _checks(root):
        try:
            with without_chatter():  # NumPy prints a page about a module built for another version
                findings += check()
        except Exception as error:  # a check must not hide the findings of the others
            reason = (str(error).strip().splitlines() or [""])[0]
            text = f"could not be checked: {type(error).__name__}: {reason}"
            # a module that cannot be imported stops fer-edge as well as the check
            is_broken = is_vital and isinstance(error, ImportError)
            advice = _REINSTALL if isinstance(error, ImportError) else _REPORT
            findings.append(Finding(topic, "problem" if is_broken else "note", text, advice))
    return findings


def worst(findings: list[Finding]) -> Status:
    """Return the worst status; ok for none."""
    return max((item.status for item in findings), key=RANKING.index, default="ok")


def _checks(root: Path) -> list[tuple[str, bool, Callable[[], list[Finding]]]]:
    """Return (topic, whether fer-edge needs it, check)."""
    from . import board, cameras, coral, models, video

    return [
        ("packages", False, _examine_packages),
        ("interpreter", True, models.examine_interpreter),
        ("model", True, models.examine_models),
        ("detector", True, models.examine_detector),
        ("aligner", True, models.examine_aligner),
        ("opencv", True, video.examine_opencv),
        ("video", True, video.examine_pyav),
        ("edge tpu", False, lambda: coral.examine_coral(root)),
        ("gpu", False, lambda: _examine_gpus(root)),
        ("camera", False, lambda: cameras.examine_cameras(root)),
        ("board", False, lambda: board.examine_board(root)),
        ("disk", False, lambda: board.examine_disk(Path.cwd())),
    ]


def _examine_packages() -> list[Finding]:
    from . import packages  # needs a package itself, which may be missing

    return packages.examine_packages(
        packages.installed_versions(),
        packages.requirements_of_fer_edge(),
        packages.extras_of_fer_edge(),
    )


def _examine_gpus(root: Path) -> list[Finding]:
    from fer_edge.gpus import find_gpus

    from . import gpu, packages

    return gpu.examine_gpus(find_gpus(root), packages.installed_versions())
