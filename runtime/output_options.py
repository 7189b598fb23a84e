"""The options of `fer-edge run` that say where results go."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .frame import Source
from .web_options import WEB_OPTIONS, open_web_page

if TYPE_CHECKING:
    from .sinks import Sink


def output_options(command: Any) -> Any:
    """Add the options."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--annotate", type=path, help="Write annotated pictures: a file or a folder."),
        click.option("--video", type=path, help="Write an annotated video (.mp4, .avi, .mkv)."),
        click.option(
            "--jsonl",
            default="-",
            show_default=True,
            metavar="FILE",
            help="JSON lines; - is stdout.",
        ),
        *WEB_OPTIONS,
    ):
        command = option(command)
    return command


def chosen_sinks(options: dict[str, Any], source: Source) -> list[Callable[[], "Sink"]]:
    """Return what opens each output that the options name."""
    from .sinks import AnnotatedPictures, AnnotatedVideo, JsonLines, JsonLinesFile

    jsonl, video, pictures = options["jsonl"], options["video"], options["annotate"]
    sinks: list[Callable[[], Sink]] = [
        partial(JsonLines, sys.stdout) if jsonl == "-" else partial(JsonLinesFile, Path(jsonl))
    ]
    if pictures is not None:
        sinks.append(partial(AnnotatedPictures, pictures, source))
    if video is not None:
        sinks.append(partial(AnnotatedVideo, video, source))
    if options["web"] is not None:
        sinks.append(partial(open_web_page, options))
    return sinks
