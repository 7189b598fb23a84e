"""The options of `fer-edge run` that say how faces are found and followed."""

from pathlib import Path
from typing import Any

import click

from .detection import FaceDetector


def face_options(command: Any) -> Any:
    """Add the options."""
    for option in (
        click.option("--min-score", default=0.6, show_default=True, type=click.FloatRange(0, 1)),
        click.option(
            "--detector-model", type=click.Path(path_type=Path), help="Another YuNet ONNX file."
        ),
        click.option(
            "--detector",
            type=click.Choice(["yunet", "none"]),
            default="yunet",
            show_default=True,
            help="none: the pictures are face crops already.",
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
        options["detector"], options["detector_model"], min_score=options["min_score"]
    )
