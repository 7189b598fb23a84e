"""The door to each detector: ours, and those of other packages."""

from pathlib import Path

from fer_edge import plugins

from .detector import DetectorSettings, FaceDetector
from .own_detector import as_detector


def open_detector(
    name: str,
    model: Path | None = None,
    *,
    min_score: float = 0.6,
    long_side_px: int | None = None,
) -> FaceDetector:
    """Open a detector.

    Args:
        name: yunet; haar, OpenCV's old cascade; blazeface, MediaPipe's; none for pictures that
            already are face crops; or what another package registers in `fer_edge.detectors`.
        model: Its model file: for yunet and haar instead of the one that is installed, for
            blazeface in any case.
        min_score: Faces below it are dropped, 0 to 1; haar has no scores.
        long_side_px: Frames are shrunk to this before detection. None takes 320 for yunet and 640
            for haar; blazeface has a size of its own.

    Raises:
        DetectorError: The model file is missing or unusable.
        MissingExtraError: blazeface, and no TFLite runtime is installed.
        PluginError: The name does not exist, or another package's detector cannot be used.
    """
    settings = DetectorSettings(model, min_score, long_side_px)
    opened = plugins.open_part(plugins.DETECTORS, name, settings, methods=())
    return as_detector(opened, min_score=min_score)
