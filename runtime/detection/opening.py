"""Opening of detectors: fer-edge's own, and those of other packages."""

from pathlib import Path

from fer_edge import plugins

from .detector import MIN_SCORE, DetectorSettings, FaceDetector
from .own_detector import as_detector


def open_detector(
    name: str,
    model: Path | None = None,
    *,
    min_score: float | None = None,
    long_side_px: int | None = None,
    delegate: str | None = None,
) -> FaceDetector:
    """Open a detector for videos.

    Args:
        name: yunet; haar, OpenCV's old cascade; blazeface, MediaPipe's; none for pictures that are
            face crops; or a name that another package registers in `fer_edge.detectors`.
        model: Path of a model file: for yunet and haar instead of the installed one; required for
            blazeface.
        min_score: Lowest score, 0 to 1; None uses 0.6. haar has no scores.
        long_side_px: Long side to which frames are shrunk for detection. None uses 320 for yunet
            and 640 for haar; blazeface has a fixed size.
        delegate: Delegate for its model: `edgetpu`, `edgetpu:usb:0`, ..., or a TFLite delegate's
            library; None is the CPU, and only yunet supports others.

    Raises:
        DetectorError: The model file is missing or unusable.
        MissingExtraError: It is yunet or blazeface, and no TFLite runtime is installed.
        PluginError: The name is unknown, or another package's detector cannot be used.
    """
    return _open(name, DetectorSettings(model, min_score, long_side_px, delegate=delegate))


def open_photo_detector(
    name: str,
    model: Path | None = None,
    *,
    min_score: float | None = None,
    long_side_px: int | None = None,
    delegate: str | None = None,
) -> FaceDetector:
    """Open a detector for photographs: slower, and finds small and very large faces.

    Of fer-edge's detectors, only yunet has a mode for photographs: two passes, at 1280 and 320
    pixels.

    Args:
        name: As in `open_detector`.
        model: As in `open_detector`.
        min_score: As in `open_detector`; None uses 0.68 for yunet.
        long_side_px: As in `open_detector`; None uses 1280 for yunet's fine pass.
        delegate: As in `open_detector`.

    Raises:
        DetectorError: The model file is missing or unusable.
        MissingExtraError: It is yunet or blazeface, and no TFLite runtime is installed.
        PluginError: The name is unknown, or another package's detector cannot be used.
    """
    return _open(
        name, DetectorSettings(model, min_score, long_side_px, is_photo=True, delegate=delegate)
    )


def _open(name: str, settings: DetectorSettings) -> FaceDetector:
    opened = plugins.open_part(plugins.DETECTORS, name, settings, methods=())
    least = MIN_SCORE if settings.min_score is None else settings.min_score
    return as_detector(opened, min_score=least)
