"""Opening of detectors: fer-edge's own, and those of other packages."""

from pathlib import Path

from fer_edge import plugins

from .detector import DetectorSettings, FaceDetector
from .own_detector import as_detector


def open_detector(
    name: str,
    model: str | Path | None = None,
    *,
    min_score: float | None = None,
    long_side_px: int | None = None,
    delegate: str | None = None,
    is_photo: bool = False,
) -> FaceDetector:
    """Open a detector.

    Args:
        name: yunet; haar, OpenCV's old cascade; blazeface, MediaPipe's; none for pictures that are
            face crops; or a name that another package registers in `fer_edge.detectors`.
        model: Path of a model file: for yunet and haar instead of the installed one; required for
            blazeface.
        min_score: Lowest score, 0 to 1. None uses 0.6, and 0.68 for yunet on photographs; another
            package's detector uses its own. haar has no scores.
        long_side_px: Long side to which images are shrunk for detection. None uses 320 for yunet,
            1280 for its first pass on photographs, and 640 for haar; blazeface has a fixed size.
        delegate: Delegate for its model: `edgetpu`, `edgetpu:usb:0`, ..., or a TFLite delegate's
            library; None is the CPU, and only yunet supports others.
        is_photo: Whether it is used for photographs, which get more time than the frames of a
            video. yunet then finds small and very large faces in two passes, at 1280 and 320
            pixels; haar and blazeface have one mode.

    Raises:
        DetectorError: The model file is missing or unusable.
        MissingExtraError: It is yunet or blazeface, and no TFLite runtime is installed.
        PluginError: The name is unknown, or another package's detector cannot be used.
        ConfigError: A number is out of range, or the detector does not take the model file or the
            delegate.
    """
    path = None if model is None else Path(model)
    settings = DetectorSettings(path, min_score, long_side_px, is_photo, delegate)
    return open_with_settings(name, settings)


def open_with_settings(name: str, settings: DetectorSettings) -> FaceDetector:
    """Open a detector; see `open_detector`."""
    group = plugins.DETECTORS
    detector: FaceDetector = plugins.open_part(
        group, name, settings, members=("detect",), is_function=True
    )
    if name in plugins.own_names(group):
        return detector
    title = plugins.describe(group, name)
    return as_detector(detector, min_score=settings.min_score, name=title)
