"""The options of `fer-edge benchmark` that let the models read whole videos."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from fer_edge.cli.option_fields import click_options

from ..tracking.config import DETECTOR_FIELDS, FacesConfig

if TYPE_CHECKING:
    from .probes.clip import Clip
    from .probes.clip_probe import Finding


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
    *click_options(FacesConfig, only=DETECTOR_FIELDS),
)


def chosen_finding(videos: Sequence[Path], faces: FacesConfig) -> "Finding":
    """Return how faces are to be found.

    Args:
        videos: As the command line has them.
        faces: Of its options, those of `DETECTOR_FIELDS`.

    Raises:
        click.UsageError: There is no video to find them in, or one is named twice.
    """
    from .probes.clip_probe import Finding

    context = click.get_current_context()
    for option in CLIP_OPTIONS[1:]:
        source = context.get_parameter_source(str(option.name))
        if not videos and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} needs --video, in which faces are found")
    for path in videos:
        if videos.count(path) > 1:
            raise click.UsageError(f"--video {path} is named twice; name each video once")
    return Finding(
        detector=faces.detector,
        detector_model=None if faces.detector_model is None else str(faces.detector_model),
        detect_size_px=faces.detect_size_px,
        every=faces.every,
    )


def chosen_clips(videos: Sequence[Path], finding: "Finding") -> "tuple[Clip, ...]":
    """Read the videos through, and try the detector: before anything is measured.

    Raises:
        SourceError: A video is missing, no video, cut short, or has no frame.
        DetectorError: The detector's model file is missing or unusable.
        MissingExtraError: blazeface, and no TFLite runtime is installed.
    """
    if not videos:
        return ()
    from .probes.clip import read_clip

    finding.open_detector()
    return tuple(map(read_clip, videos))
