"""The options of `fer-edge benchmark` that let the models read whole videos."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ..faces.options import DETECTOR_OPTIONS

if TYPE_CHECKING:
    from .clip import Clip
    from .clip_probe import Finding


CLIP_OPTIONS = (
    click.Option(
        ["--video", "videos"],
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read this video whole, as fer-edge run does, and report what each stage of a frame "
        "costs, frames per second, cores kept busy and memory, and what is dropped at 30 frames "
        "per second; again for several. Every model and thread count reads it three times, in "
        "turns, each time in a fresh process.",
    ),
    *DETECTOR_OPTIONS,
)


def chosen_finding(options: dict[str, Any]) -> "Finding":
    """Return how faces are to be found.

    Raises:
        click.UsageError: There is no video to find them in, or one is named twice.
    """
    from .clip_probe import Finding

    videos, context = options["videos"], click.get_current_context()
    for name in ("detector", "detector_model", "detect_size_px", "every"):
        if not videos and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = name.removesuffix("_px").replace("_", "-")
            raise click.UsageError(f"--{option} needs --video, in which faces are found")
    for path in videos:
        if videos.count(path) > 1:
            raise click.UsageError(f"--video {path} is named twice; name each video once")
    model = options["detector_model"]
    return Finding(
        detector=options["detector"],
        detector_model=None if model is None else str(model),
        detect_size_px=options["detect_size_px"],
        every=options["every"],
    )


def chosen_clips(options: dict[str, Any]) -> "tuple[Clip, ...]":
    """Read the videos through, and try the detector: before anything is measured.

    Raises:
        SourceError: A video is missing, no video, cut short, or has no frame.
        DetectorError: The detector's model file is missing or unusable.
        MissingExtraError: blazeface, and no TFLite runtime is installed.
    """
    if not options["videos"]:
        return ()
    from .clip import read_clip

    chosen_finding(options).open_detector()
    return tuple(map(read_clip, options["videos"]))
