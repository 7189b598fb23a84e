"""The options of `fer-edge benchmark` for whole videos."""

from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from fer_edge.cli.command_options import PATH
from fer_edge.cli.option_fields import click_options

from ..tracking.config import FacesConfig

CLIP_OPTIONS = (
    click.Option(
        ["--video", "videos"],
        multiple=True,
        type=PATH,
        metavar="FILE",
        help="Process this whole video as fer-edge run does, and report the cost of each stage, "
        "frames per second, busy cores and memory, and the frames dropped at 30 frames per "
        "second; may be repeated. Every model and thread count processes it three times, "
        "in turns, each time in a fresh process.",
    ),
    *click_options(FacesConfig),
)


def check_videos(videos: Sequence[Path]) -> None:
    """Reject a video given twice, and detector options without a video.

    Raises:
        click.UsageError: The options were rejected.
    """
    context = click.get_current_context()
    for option in CLIP_OPTIONS[1:]:
        source = context.get_parameter_source(str(option.name))
        if not videos and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} needs --video")
    for path in videos:
        if videos.count(path) > 1:
            raise click.UsageError(f"--video {path} is given twice; pass each video once")
