"""The outputs that a configuration chooses; a module is loaded when its output is."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fer_edge.errors import OutputError
from fer_edge.files import is_device

from .config import OutputsConfig

if TYPE_CHECKING:
    from ..capture.frame import Source
    from ..recognition.result import FrameReader
    from ..tracking.config import FacesConfig
    from .sink import Sink

Comparison = Callable[[], str | None]
"""Called for a text about the model of --compare, None while there is none."""


def window_sinks(outputs: OutputsConfig, source: "Source") -> "list[Callable[[], Sink]]":
    """Return what opens the window, if one is asked for; first, since without a screen it fails."""
    if not outputs.show:
        return []
    from .window import Window

    return [partial(Window, source)]


def file_sinks(
    outputs: OutputsConfig, source: "Source", labels: Sequence[str]
) -> "list[Callable[[], Sink]]":
    """Return what opens each file, standard output included.

    Args:
        outputs: Which.
        source: Where frames come from.
        labels: The model's expressions, for the columns of CSV.
    """
    sinks = _line_sinks(outputs, source)
    if outputs.csv is not None:
        from .files.csv_rows import CsvRows

        csv = Path("/dev/stdout") if str(outputs.csv) == "-" else outputs.csv
        sinks.append(partial(CsvRows, csv, labels, in_place=source.is_live))
    if outputs.annotate is not None:
        from .files.annotated_pictures import AnnotatedPictures

        sinks.append(partial(AnnotatedPictures, outputs.annotate, source))
    if outputs.video is not None:
        from .files.annotated_video import AnnotatedVideo

        sinks.append(partial(AnnotatedVideo, outputs.video, source))
    if outputs.gif is not None:
        from .files.animation import Animation

        seconds, width_px = outputs.gif_seconds, outputs.gif_width_px
        sinks.append(partial(Animation, outputs.gif, source, seconds=seconds, width_px=width_px))
    return sinks


def summary_sinks(
    outputs: OutputsConfig, source: "Source", comparison: Comparison | None
) -> "list[Callable[[], Sink]]":
    """Return what opens the summary, and the reports on a second model while the run goes on.

    Args:
        outputs: Which.
        source: Where frames come from.
        comparison: What is said of the second model; None if there is none.
    """
    sinks: list[Callable[[], Sink]] = []
    place = _summary_place(outputs, source, is_compared=comparison is not None)
    if place is not None:
        from .summary import Summary

        sinks.append(partial(Summary, source, place, comparison=comparison or _nothing))
    if comparison is not None and not outputs.quiet:
        from .comparison import ComparisonReports

        sinks.append(partial(ComparisonReports, sys.stderr, comparison))
    return sinks


def _summary_place(
    outputs: OutputsConfig, source: "Source", *, is_compared: bool
) -> Path | IO[str] | None:
    if outputs.summary not in (None, "-"):
        return Path(str(outputs.summary))
    is_seen = sys.stderr.isatty() and not outputs.quiet and source.length != 1
    # the figures of a comparison are nowhere else
    return sys.stderr if outputs.summary == "-" or is_compared or is_seen else None


def anonymizing(
    outputs: OutputsConfig, faces: "FacesConfig", reader: "FrameReader", source: "Source"
) -> "FrameReader":
    """Return the reader; with --anonymize one that covers faces before any output sees them.

    Raises:
        DetectorError: The model file of the detector that finds more faces to cover is missing.
    """
    style = outputs.anonymize
    if style is None:
        return reader

    from ..detection.detector import WholeFrame
    from ..detection.yunet import YuNet
    from ..recognition.anonymizing import COVER_MIN_SCORE, AnonymizingReader

    if faces.detector == "none":  # each picture is a face
        return AnonymizingReader(reader, WholeFrame(), style)
    # files can wait for small faces to be found, a camera cannot
    detector = YuNet(
        faces.detector_model if faces.detector == "yunet" else None,
        long_side_px=320 if source.is_live else 640,
        min_score=min(COVER_MIN_SCORE, faces.min_score),
    )
    return AnonymizingReader(reader, detector, style)


def check_paths(outputs: OutputsConfig, source: str | None) -> None:
    """Refuse two outputs of one path, and an output that is the input.

    Args:
        outputs: Which.
        source: The path that is read, if it is one.

    Raises:
        OutputError: One of these.
    """
    if str(outputs.csv) == "-" and outputs.lines_place == "-":
        raise OutputError("JSON lines and CSV cannot share stdout; add --jsonl none")
    taken: dict[Path, str] = {}
    for name, path in outputs.files().items():
        where = Path(os.path.realpath(path))
        if where in taken:
            raise OutputError(
                f"--{taken[where]} and --{name} both name {path}; name a file for each"
            )
        if not is_device(path):
            taken[where] = name
        if source is not None and _is_same(Path(source), path):
            raise OutputError(f"--{name} {path} is the input itself; name another place")


def _nothing() -> None:
    return None


def _line_sinks(outputs: OutputsConfig, source: "Source") -> "list[Callable[[], Sink]]":
    from .files.json_lines import JsonLines, JsonLinesFile

    place, on = outputs.lines_place, outputs.jsonl_on
    if place == "none":
        return []
    if place == "-":
        return [partial(JsonLines, sys.stdout, on=on)]
    return [partial(JsonLinesFile, Path(place), on=on, in_place=source.is_live)]


def _is_same(source: Path, path: Path) -> bool:
    try:
        return source.samefile(path)
    except OSError:  # one of them does not exist: a stream, or a new file
        return False
