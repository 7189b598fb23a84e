"""The sample photograph from matplotlib's files, without importing matplotlib."""

from importlib import metadata
from pathlib import Path

from fer_edge.require import missing

_NAME = "grace_hopper.jpg"


def sample_photo() -> Path:
    """Return the path of matplotlib's photograph of Grace Hopper.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        installed = metadata.distribution("matplotlib").files or []
    except metadata.PackageNotFoundError:
        installed = []
    for item in installed:
        if item.name == _NAME:
            return Path(str(item.locate()))
    what = "the sample photograph"
    raise missing("demo", "matplotlib", what=what, otherwise="pass --input PHOTO")
