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
from .source_folder import explain_missing_stages

TYPE_CHECKING = False  # type checkers know the name; typing itself takes 7 ms to import
if TYPE_CHECKING:
    # a stage lies elsewhere in the repository than in the installed package
    from .aligner.placement import Placement
    from .errors import (
        ClusterError,
        ConfigError,
        DatasetError,
        DetectorError,
        FerEdgeError,
        MissingExtraError,
        ModelError,
        OutputError,
        PluginError,
        RecipeError,
        ReportError,
        SourceError,
        TrainingError,
    )
    from .faces.preprocess import Box, CropPolicy
    from .model.card import ModelCard
    from .runtime.capture.capture import Capture  # type: ignore[import-not-found]
    from .runtime.capture.frame import Decoded, Frame, Gray, Source, SourceSettings  # type: ignore[import-not-found]
    from .runtime.capture.live import Live  # type: ignore[import-not-found]
    from .runtime.capture.opening import (  # type: ignore[import-not-found]
        open_camera,
        open_source,
    )
    from .runtime.detection.detector import (  # type: ignore[import-not-found]
        Detection,
        DetectorSettings,
        FaceDetector,
    )
    from .runtime.detection.opening import (  # type: ignore[import-not-found]
        open_detector,
    )
    from .runtime.publish.sink import (  # type: ignore[import-not-found]
        ReaderGoneError,
        Sink,
        SinkContext,
    )
    from .runtime.recognition.follower import Pace  # type: ignore[import-not-found]
    from .runtime.recognition.recognizer import Recognizer  # type: ignore[import-not-found]
    from .runtime.recognition.result import UNCERTAIN, Face, Result  # type: ignore[import-not-found]
    from .runtime.timing.stopwatch import StageTimes  # type: ignore[import-not-found]
    from .runtime.tracking.track import Track, Tracker  # type: ignore[import-not-found]

__version__ = "0.2.0"

_HOMES = {
    "Box": ".faces.preprocess",
    "Capture": ".runtime.capture.capture",
    "ClusterError": ".errors",
    "ConfigError": ".errors",
    "CropPolicy": ".faces.preprocess",
    "DatasetError": ".errors",
    "Decoded": ".runtime.capture.frame",
    "Detection": ".runtime.detection.detector",
    "DetectorError": ".errors",
    "DetectorSettings": ".runtime.detection.detector",
    "Face": ".runtime.recognition.result",
    "FaceDetector": ".runtime.detection.detector",
    "FerEdgeError": ".errors",
    "Frame": ".runtime.capture.frame",
    "Gray": ".runtime.capture.frame",
    "Live": ".runtime.capture.live",
    "MissingExtraError": ".errors",
    "ModelCard": ".model.card",
    "ModelError": ".errors",
    "OutputError": ".errors",
    "PluginError": ".errors",
    "Pace": ".runtime.recognition.follower",
    "Placement": ".aligner.placement",
    "ReaderGoneError": ".runtime.publish.sink",
    "RecipeError": ".errors",
    "Recognizer": ".runtime.recognition.recognizer",
    "ReportError": ".errors",
    "Result": ".runtime.recognition.result",
    "Sink": ".runtime.publish.sink",
    "SinkContext": ".runtime.publish.sink",
    "Source": ".runtime.capture.frame",
    "SourceError": ".errors",
    "SourceSettings": ".runtime.capture.frame",
    "StageTimes": ".runtime.timing.stopwatch",
    "Track": ".runtime.tracking.track",
    "Tracker": ".runtime.tracking.track",
    "TrainingError": ".errors",
    "UNCERTAIN": ".runtime.recognition.result",
    "open_camera": ".runtime.capture.opening",
    "open_detector": ".runtime.detection.opening",
    "open_source": ".runtime.capture.opening",
}
"""Name -> the module that defines it."""

__all__ = [
    "UNCERTAIN",
    "Box",
    "Capture",
    "ClusterError",
    "ConfigError",
    "CropPolicy",
    "DatasetError",
    "Decoded",
    "Detection",
    "DetectorError",
    "DetectorSettings",
    "Face",
    "FaceDetector",
    "FerEdgeError",
    "Frame",
    "Gray",
    "Live",
    "MissingExtraError",
    "ModelCard",
    "ModelError",
    "OutputError",
    "Pace",
    "Placement",
    "PluginError",
    "ReaderGoneError",
    "RecipeError",
    "Recognizer",
    "ReportError",
    "Result",
    "Sink",
    "SinkContext",
    "Source",
    "SourceError",
    "SourceSettings",
    "StageTimes",
    "Track",
    "Tracker",
    "TrainingError",
    "open_camera",
    "open_detector",
    "open_source",
]

explain_missing_stages()
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
