"""From a picture, video or camera to expressions. Light: what a Raspberry Pi installs.

Example:
    from fer_edge.runtime import open_reader

    with open_reader() as reader:
        readings = reader.read(cv2.imread("photo.jpg"))

The names below are loaded when they are first used (PEP 562), so that importing this package costs
a few milliseconds: OpenCV, NumPy and LiteRT come with the first name that needs them.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .annotation import annotate
    from .detection import Face, FaceDetector, open_detector
    from .following import FILE_PACE, LIVE_PACE, Follower, Pace, open_follower
    from .frame import Frame, Source
    from .images import Images
    from .loop import read_source
    from .reading import Reader, open_reader
    from .result import UNCERTAIN, Reading, Result, StageTimes
    from .smoothing import Steadiness
    from .sources import open_camera, open_source, read_image

_HOMES = {
    "FILE_PACE": "following",
    "LIVE_PACE": "following",
    "UNCERTAIN": "result",
    "Face": "detection",
    "FaceDetector": "detection",
    "Follower": "following",
    "Frame": "frame",
    "Images": "images",
    "Pace": "following",
    "Reader": "reading",
    "Reading": "result",
    "Result": "result",
    "Source": "frame",
    "StageTimes": "result",
    "Steadiness": "smoothing",
    "annotate": "annotation",
    "open_camera": "sources",
    "open_detector": "detection",
    "open_follower": "following",
    "open_reader": "reading",
    "open_source": "sources",
    "read_image": "sources",
    "read_source": "loop",
}
"""Name -> the module here that defines it."""

__all__ = [
    "FILE_PACE",
    "LIVE_PACE",
    "UNCERTAIN",
    "Face",
    "FaceDetector",
    "Follower",
    "Frame",
    "Images",
    "Pace",
    "Reader",
    "Reading",
    "Result",
    "Source",
    "StageTimes",
    "Steadiness",
    "annotate",
    "open_camera",
    "open_detector",
    "open_follower",
    "open_reader",
    "open_source",
    "read_image",
    "read_source",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value  # asked for once only
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
