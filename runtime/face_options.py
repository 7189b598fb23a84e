"""The options of `fer-edge run` that say how faces are found and followed."""

from pathlib import Path
from typing import Any

import click

from .detection import FaceDetector
from .number_range import NumberRange
from .track import Tracker


def face_options(command: Any) -> Any:
    """Add the options."""
    for option in (
        click.option(
            "--max-faces",
            type=click.IntRange(1),
            default=100,
            show_default=True,
            metavar="N",
            help="At most so many faces per frame; the largest are kept.",
        ),
        click.option(
            "--min-face",
            "min_face_px",
            type=NumberRange(0),
            default=0.0,
            metavar="PX",
            help="Leave out faces less high than this, in pixels of the frame, such as passers-by "
            "far off: --min-face 48. Default: every face that is found.",
        ),
        click.option(
            "--min-score",
            default=0.6,
            show_default=True,
            type=NumberRange(0, 1),
            help="Leave out faces that the detector is less sure of, 0 to 1; 0.7 if it takes "
            "other things for faces. haar has no scores.",
        ),
        click.option(
            "--every",
            type=click.IntRange(1),
            default=5,
            show_default=True,
            metavar="N",
            help="Detect faces in every Nth frame of a video or camera and follow them in between, "
            "which costs a tenth; a lost face is looked for at once. At 10 frames a second or "
            "less: --every 2.",
        ),
        click.option(
            "--detect-size",
            "detect_size_px",
            type=click.IntRange(64),
            metavar="PX",
            help="Shrink frames to this long side to find faces: 640 finds faces half as large as "
            "320 does, and costs almost four times as much. Default: 320 for yunet, 640 for haar; "
            "blazeface has its own.",
        ),
        click.option(
            "--detector-model",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The detector's model: another YuNet .onnx, a cascade's .xml for haar; "
            "blazeface needs its .tflite here.",
        ),
        click.option(
            "--detector",
            type=click.Choice(["yunet", "haar", "blazeface", "none"]),
            default="yunet",
            show_default=True,
            help="What finds faces. none: the pictures are face crops already.",
        ),
    ):
        command = option(command)
    return command


def open_chosen_detector(options: dict[str, Any]) -> FaceDetector:
    """Open the detector that the options name.

    Raises:
        DetectorError: Its model file is missing or unusable.
    """
    from .detection import open_detector

    return open_detector(
        options["detector"],
        options["detector_model"],
        min_score=options["min_score"],
        long_side_px=options["detect_size_px"],
        min_face_px=options["min_face_px"],
        max_faces=options["max_faces"],
    )


def open_chosen_tracker(options: dict[str, Any], detector: FaceDetector) -> Tracker:
    """Make what follows faces through a moving picture as the options say."""
    from .tracking import FaceTracker

    return FaceTracker(detector, every=options["every"], max_faces=options["max_faces"])
