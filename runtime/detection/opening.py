"""The door to each detector: ours, and those of other packages."""

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
    """Open a detector for moving pictures.

    Args:
        name: yunet; haar, OpenCV's old cascade; blazeface, MediaPipe's; none for pictures that
            already are face crops; or what another package registers in `fer_edge.detectors`.
        model: Its model file: for yunet and haar instead of the one that is installed, for
            blazeface in any case.
        min_score: Faces below it are dropped, 0 to 1; None takes 0.6. haar has no scores.
        long_side_px: Frames are shrunk to this before detection. None takes 320 for yunet and 640
            for haar; blazeface has a size of its own.
        delegate: What runs its model: `edgetpu`, `edgetpu:usb:0`, ..., or a TFLite delegate's
            library; None is the CPU, and only yunet has another way.

    Raises:
        DetectorError: The model file is missing or unusable.
        MissingExtraError: yunet or blazeface, and no TFLite runtime is installed.
        PluginError: The name does not exist, or another package's detector cannot be used.
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
    """Open a detector for photographs: it takes its time, and finds small and very large faces.

    Of ours only yunet has another way for photographs: two looks, at 1280 and at 320 pixels.

    Args:
        name: As in `open_detector`.
        model: As in `open_detector`.
        min_score: As in `open_detector`; None takes 0.68 for yunet.
        long_side_px: As in `open_detector`; None takes 1280 for yunet's finer look.
        delegate: As in `open_detector`.

    Raises:
        DetectorError: The model file is missing or unusable.
        MissingExtraError: yunet or blazeface, and no TFLite runtime is installed.
        PluginError: The name does not exist, or another package's detector cannot be used.
    """
    return _open(
        name, DetectorSettings(model, min_score, long_side_px, is_photo=True, delegate=delegate)
    )


def _open(name: str, settings: DetectorSettings) -> FaceDetector:
    opened = plugins.open_part(plugins.DETECTORS, name, settings, methods=())
    least = MIN_SCORE if settings.min_score is None else settings.min_score
    return as_detector(opened, min_score=least)
