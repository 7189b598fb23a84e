"""From a picture, video or camera to expressions. Light: what a Raspberry Pi installs.

Example:
    from fer_edge.runtime import open_reader

    with open_reader() as reader:
        faces = reader.read(cv2.imread("photo.jpg"))

The names below are loaded when they are first used (PEP 562), so that importing this package costs
a few milliseconds: OpenCV, NumPy and LiteRT come with the first name that needs them.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .drawing.annotation import annotate
    from .faces.detection import Detection, FaceDetector, open_detector
    from .frame import Frame, Source
    from .loop import read_source
    from .reading.following import FILE_PACE, LIVE_PACE, Follower, Pace, open_follower
    from .reading.reader import Reader, open_reader
    from .reading.smoothing import Steadiness
    from .result import UNCERTAIN, Face, FrameReader, Result, StageTimes
    from .sources.images import Images
    from .sources.opening import open_camera, open_source, read_image

_HOMES = {
    "FILE_PACE": "reading.following",
    "LIVE_PACE": "reading.following",
    "UNCERTAIN": "result",
    "Detection": "faces.detection",
    "FaceDetector": "faces.detection",
    "Follower": "reading.following",
    "Frame": "frame",
    "FrameReader": "result",
    "Images": "sources.images",
    "Pace": "reading.following",
    "Reader": "reading.reader",
    "Face": "result",
    "Result": "result",
    "Source": "frame",
    "StageTimes": "result",
    "Steadiness": "reading.smoothing",
    "annotate": "drawing.annotation",
    "open_camera": "sources.opening",
    "open_detector": "faces.detection",
    "open_follower": "reading.following",
    "open_reader": "reading.reader",
    "open_source": "sources.opening",
    "read_image": "sources.opening",
    "read_source": "loop",
}
"""Name -> the module here that defines it."""

__all__ = [
    "FILE_PACE",
    "LIVE_PACE",
    "UNCERTAIN",
    "Detection",
    "Face",
    "FaceDetector",
    "Follower",
    "Frame",
    "FrameReader",
    "Images",
    "Pace",
    "Reader",
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
