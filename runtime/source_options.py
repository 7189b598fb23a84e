"""The options of `fer-edge run` that choose where frames come from."""

from pathlib import Path
from typing import Any

import click

from .frame import Source


def source_options(command: Any) -> Any:
    """Add the options."""
    for option in (
        click.option(
            "--camera", type=click.IntRange(0), metavar="N", help="Camera number, 0 the first."
        ),
        click.option(
            "--input",
            "path",
            type=click.Path(path_type=Path),
            help="A picture, a folder of pictures, a video file.",
        ),
    ):
        command = option(command)
    return command


def open_chosen_source(options: dict[str, Any]) -> Source:
    """Open what the options name.

    Raises:
        click.UsageError: They name nothing, or two things.
        SourceError: It cannot be opened.
    """
    path, camera = options["path"], options["camera"]
    if (path is None) == (camera is None):
        raise click.UsageError("pass either --input or --camera; try: fer-edge run --camera 0")

    from .sources import Camera, open_source

    return Camera(camera) if camera is not None else open_source(path)
