"""The options that say how faces are found and followed, of `run` and `benchmark`."""

from pathlib import Path
from typing import Any

import click

from ..options import NumberRange
from .detection import FaceDetector
from .track import Tracker

DETECTOR_OPTIONS = (
    click.Option(
        ["--detector"],
        type=click.Choice(["yunet", "haar", "blazeface", "none"]),
        default="yunet",
        show_default=True,
        help="What finds faces. none: the pictures are face crops already.",
    ),
    click.Option(
        ["--detector-model"],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The detector's model: another YuNet .onnx, a cascade's .xml for haar; blazeface "
        "needs its .tflite here.",
    ),
    click.Option(
        ["--detect-size", "detect_size_px"],
        type=click.IntRange(64),
        metavar="PX",
        help="Shrink frames to this long side to find faces: 640 finds faces half as large as 320 "
        "does, and costs almost four times as much. Default: 320 for yunet, 640 for haar; "
        "blazeface has its own.",
    ),
    click.Option(
        ["--every"],
        type=click.IntRange(1),
        default=5,
        show_default=True,
        metavar="N",
        help="Detect faces in every Nth frame of a video or camera and follow them in between, "
        "which costs a tenth. At 10 frames a second or less: --every 2.",
    ),
)
"""Those that choose what finds faces and how often, and so the cost."""

FACE_OPTIONS = (
    *DETECTOR_OPTIONS,
    click.Option(
        ["--min-score"],
        default=0.6,
        show_default=True,
        type=NumberRange(0, 1),
        metavar="SHARE",
        help="Leave out faces that the detector is less sure of; 0.7 if it takes other things for "
        "faces. haar has no scores.",
    ),
    click.Option(
        ["--min-face", "min_face_px"],
        type=NumberRange(0),
        default=0.0,
        metavar="PX",
        help="Leave out faces less high than this, in pixels of the frame, such as passers-by far "
        "off: --min-face 48.",
    ),
    click.Option(
        ["--max-faces"],
        type=click.IntRange(1),
        default=100,
        show_default=True,
        metavar="N",
        help="At most so many faces per frame; the largest are kept.",
    ),
)


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
    )


def open_chosen_tracker(options: dict[str, Any], detector: FaceDetector) -> Tracker:
    """Make what follows faces through a moving picture as the options say."""
    from .tracking import open_tracker

    return open_tracker(
        detector,
        every=options["every"],
        min_face_px=options["min_face_px"],
        max_faces=options["max_faces"],
    )
