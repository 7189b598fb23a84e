"""The options of `fer-edge benchmark` that let the models read whole videos."""

from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from fer_edge.cli.option_fields import click_options

from ..tracking.config import DETECTOR_FIELDS, FacesConfig

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


def check_videos(videos: Sequence[Path]) -> None:
    """Refuse a video that is named twice, and options of a detector without a video.

    Raises:
        click.UsageError: One of these.
    """
    context = click.get_current_context()
    for option in CLIP_OPTIONS[1:]:
        source = context.get_parameter_source(str(option.name))
        if not videos and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} needs --video, in which faces are found")
    for path in videos:
        if videos.count(path) > 1:
            raise click.UsageError(f"--video {path} is named twice; name each video once")
