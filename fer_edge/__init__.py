"""Facial-expression recognition for the edge: train, convert to a proven int8 file, run.

Example:
    from fer_edge import Recognizer

    with Recognizer() as recognizer:
        for face in recognizer.read("photo.jpg"):
            print(face.label, face.probability, face.box)

The names below are loaded when they are first used (PEP 562), so that importing this package costs
nothing: OpenCV, NumPy and LiteRT come with the first name that needs them.
"""

from .lazy_names import lazy_names

TYPE_CHECKING = False  # type checkers know the name; typing itself takes 7 ms to import
if TYPE_CHECKING:
    # a stage lies elsewhere in the repository than in the installed package
    from .card import ModelCard
    from .errors import (
        DetectorError,
        FerEdgeError,
        MissingExtraError,
        ModelError,
        OutputError,
        SourceError,
    )
    from .faces import Box, CropPolicy
    from .runtime.faces.detection import (  # type: ignore[import-not-found]
        Detection,
        FaceDetector,
        open_detector,
    )
    from .runtime.faces.track import Track, Tracker  # type: ignore[import-not-found]
    from .runtime.frame import Frame, Source  # type: ignore[import-not-found]
    from .runtime.reading.following import Pace  # type: ignore[import-not-found]
    from .runtime.recognizer import Recognizer  # type: ignore[import-not-found]
    from .runtime.result import UNCERTAIN, Face, Result  # type: ignore[import-not-found]
    from .runtime.sources.opening import (  # type: ignore[import-not-found]
        open_camera,
        open_source,
    )
    from .runtime.stopwatch import StageTimes  # type: ignore[import-not-found]

__version__ = "0.1.0"

_HOMES = {
    "Box": ".faces",
    "CropPolicy": ".faces",
    "Detection": ".runtime.faces.detection",
    "DetectorError": ".errors",
    "Face": ".runtime.result",
    "FaceDetector": ".runtime.faces.detection",
    "FerEdgeError": ".errors",
    "Frame": ".runtime.frame",
    "MissingExtraError": ".errors",
    "ModelCard": ".card",
    "ModelError": ".errors",
    "OutputError": ".errors",
    "Pace": ".runtime.reading.following",
    "Recognizer": ".runtime.recognizer",
    "Result": ".runtime.result",
    "Source": ".runtime.frame",
    "SourceError": ".errors",
    "StageTimes": ".runtime.stopwatch",
    "Track": ".runtime.faces.track",
    "Tracker": ".runtime.faces.track",
    "UNCERTAIN": ".runtime.result",
    "open_camera": ".runtime.sources.opening",
    "open_detector": ".runtime.faces.detection",
    "open_source": ".runtime.sources.opening",
}
"""Name -> the module here that defines it."""

__all__ = [
    "UNCERTAIN",
    "Box",
    "CropPolicy",
    "Detection",
    "DetectorError",
    "Face",
    "FaceDetector",
    "FerEdgeError",
    "Frame",
    "MissingExtraError",
    "ModelCard",
    "ModelError",
    "OutputError",
    "Pace",
    "Recognizer",
    "Result",
    "Source",
    "SourceError",
    "StageTimes",
    "Track",
    "Tracker",
    "open_camera",
    "open_detector",
    "open_source",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
