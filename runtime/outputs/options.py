"""The options of `fer-edge run` that say where results go."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..frame import Source
from ..mqtt.options import mqtt_sinks
from ..options import NumberRange
from ..result import FrameReader
from ..web.options import open_web_page

if TYPE_CHECKING:
    from .sinks import Sink

FILES = ("jsonl", "csv", "annotate", "video", "gif", "summary")
"""The options that may name a file."""


_PATH = click.Path(path_type=Path)

OUTPUT_OPTIONS = (
    click.Option(
        ["--jsonl"],
        show_default="-, with --quiet none",
        metavar="FILE",
        help="JSON lines: a file, - for stdout, none for no lines. A camera's or stream's file "
        "grows line by line (tail -f); that of a video or picture appears when it is whole.",
    ),
    click.Option(
        ["--jsonl-on"],
        type=click.Choice(["frame", "change"]),
        default="frame",
        show_default=True,
        help="One line per frame, or the first and then one only when a face appears, leaves or "
        "changes its label.",
    ),
    click.Option(
        ["--csv"],
        type=_PATH,
        metavar="FILE",
        help="CSV (- is stdout), a row per face and frame: frame, time_s, source, track, left, "
        "top, right, bottom, detection, label, and a column per expression.",
    ),
    click.Option(
        ["--annotate"],
        type=_PATH,
        metavar="PLACE",
        help="Annotated pictures: a file or a folder.",
    ),
    click.Option(
        ["--video"],
        type=_PATH,
        metavar="FILE",
        help="An annotated video (.mp4, .avi, .mkv). Of a camera or stream, .avi and .mkv can be "
        "read after a power cut, .mp4 only after a normal end; an older file stays, and the new "
        "one is called NAME-2.",
    ),
    click.Option(
        ["--gif"], type=_PATH, metavar="FILE", help="An annotated GIF of the first seconds."
    ),
    click.Option(
        ["--gif-seconds"],
        type=NumberRange(0.1, 120),
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="Length of the GIF, 10 frames a second; each picture of a folder takes one second.",
    ),
    click.Option(
        ["--gif-width", "gif_width_px"],
        type=click.IntRange(16, 1920),
        default=480,
        show_default=True,
        metavar="PX",
        help="Longer side of the GIF; smaller frames stay as they are.",
    ),
    click.Option(
        ["--show"], is_flag=True, help="Show the annotated picture in a window; q closes it."
    ),
    click.Option(
        ["--anonymize"],
        type=click.Choice(["blur", "pixelate", "box"]),
        is_flag=False,
        flag_value="blur",
        help="Cover the faces in every picture that is written, shown or served (blur when no "
        "style is named; box leaves least). A face that the detector misses is shown.",
    ),
    click.Option(
        ["--summary"],
        is_flag=False,
        flag_value="-",
        metavar="[FILE.json]",
        help="At the end, seconds per expression, frames, frame rate and latencies: as JSON in a "
        "file, or without FILE as text on stderr (a terminal gets it anyway).",
    ),
    click.Option(
        ["--quiet", "-q"],
        is_flag=True,
        help="Nothing on the terminal that was not asked for: no JSON lines on stdout without "
        "--jsonl -, no progress, no summary. Errors still show.",
    ),
)


def chosen_sinks(
    options: dict[str, Any],
    source: Source,
    labels: Sequence[str],
    *,
    comparison: Callable[[], str | None] = lambda: None,
) -> list[Callable[[], "Sink"]]:
    """Return what opens each output that the options name.

    Args:
        options: The command's.
        source: Where frames come from.
        labels: The model's expressions, for the columns of CSV.
        comparison: Called at the end for a text about the float model, if there is one.

    Raises:
        OutputError: Two outputs have one path, or an output would replace the input.
    """
    from .animation import Animation
    from .annotated_pictures import AnnotatedPictures
    from .comparison_reports import ComparisonReports
    from .csv_rows import CsvRows
    from .summary import Summary
    from .window import Window

    check_paths(options)
    sinks: list[Callable[[], Sink]] = []
    if options["show"]:  # first: without a screen nothing else starts
        sinks.append(partial(Window, source))
    if options["web"] is not None:
        sinks.append(partial(open_web_page, options))
    sinks += _line_sinks(options, source)
    if options["csv"] is not None:
        csv = Path("/dev/stdout") if str(options["csv"]) == "-" else options["csv"]
        sinks.append(partial(CsvRows, csv, labels, in_place=source.is_live))
    if options["annotate"] is not None:
        sinks.append(partial(AnnotatedPictures, options["annotate"], source))
    if options["video"] is not None:
        from .annotated_video import AnnotatedVideo  # loads FFmpeg

        sinks.append(partial(AnnotatedVideo, options["video"], source))
    if options["gif"] is not None:
        gif = {"seconds": options["gif_seconds"], "width_px": options["gif_width_px"]}
        sinks.append(partial(Animation, options["gif"], source, **gif))
    summary = options["summary"]
    if summary not in (None, "-"):
        sinks.append(partial(Summary, source, Path(summary), comparison=comparison))
    elif (
        summary == "-"
        or options["compare"] is not None  # whose figures are nowhere else
        or (sys.stderr.isatty() and not options["quiet"] and source.length != 1)
    ):
        sinks.append(partial(Summary, source, sys.stderr, comparison=comparison))
    if options["compare"] is not None and not options["quiet"]:
        sinks.append(partial(ComparisonReports, sys.stderr, comparison))
    sinks += mqtt_sinks(options)
    return sinks


def anonymizing(options: dict[str, Any], reader: FrameReader, source: Source) -> FrameReader:
    """Return the reader; with --anonymize one that covers faces before any output sees them.

    Raises:
        DetectorError: The model file of the detector that finds more faces to cover is missing.
    """
    style = options["anonymize"]
    if style is None:
        return reader

    from ..drawing.anonymizing import COVER_MIN_SCORE, AnonymizingReader
    from ..faces.detection import WholeFrame
    from ..faces.yunet import YuNet

    if options["detector"] == "none":  # each picture is a face
        return AnonymizingReader(reader, WholeFrame(), style)
    # files can wait for small faces to be found, a camera cannot
    detector = YuNet(
        options["detector_model"] if options["detector"] == "yunet" else None,
        long_side_px=320 if source.is_live else 640,
        min_score=min(COVER_MIN_SCORE, options["min_score"]),
    )
    return AnonymizingReader(reader, detector, style)


def check_paths(options: dict[str, Any]) -> None:
    """Refuse two outputs of one path, and an output that is the input.

    Raises:
        OutputError: One of these.
    """
    from fer_edge.errors import OutputError
    from fer_edge.files import is_device

    if str(options["csv"]) == "-" and lines_place(options) == "-":
        raise OutputError("JSON lines and CSV cannot share stdout; add --jsonl none")
    given = {
        name: Path(value)
        for name in FILES
        if (value := options.get(name)) is not None and str(value) not in ("-", "none")
    }
    taken: dict[Path, str] = {}
    source = options.get("path")
    for name, path in given.items():
        where = Path(os.path.realpath(path))
        if where in taken:
            raise OutputError(
                f"--{taken[where]} and --{name} both name {path}; name a file for each"
            )
        if not is_device(path):
            taken[where] = name
        if source is not None and _is_same(Path(source), path):
            raise OutputError(f"--{name} {path} is the input itself; name another place")


def lines_place(options: dict[str, Any]) -> str:
    """Return where JSON lines go: a file's path, - for stdout, or none."""
    return options["jsonl"] or ("none" if options["quiet"] else "-")


def _line_sinks(options: dict[str, Any], source: Source) -> list[Callable[[], "Sink"]]:
    from .json_lines import JsonLines, JsonLinesFile

    jsonl, on = lines_place(options), options["jsonl_on"]
    if jsonl == "none":
        return []
    if jsonl == "-":
        return [partial(JsonLines, sys.stdout, on=on)]
    return [partial(JsonLinesFile, Path(jsonl), on=on, in_place=source.is_live)]


def _is_same(source: Path, path: Path) -> bool:
    try:
        return source.samefile(path)
    except OSError:  # one of them does not exist: a stream, or a new file
        return False
