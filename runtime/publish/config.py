"""The part of a run's configuration for outputs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from fer_edge.cli.needs import Needs, together
from fer_edge.cli.option_fields import check_ranges, is_path, option

from .chosen_sink import ChosenSink, completed, parse_sink, variables


def _is_lines_file(text: str) -> bool:
    return is_path(text) and text != "none"


@dataclass(frozen=True, slots=True)
class OutputsConfig:
    """Outputs: terminal, files, a window."""

    jsonl: str | None = option(
        "--jsonl",
        shows_default="-, with --quiet none",
        metavar="FILE",
        is_place=_is_lines_file,
        help="JSON lines: a file, - for stdout, none for no lines. The file of a camera or "
        "stream grows line by line (tail -f); that of a video or picture appears when it "
        "is complete.",
    )
    jsonl_on: Literal["frame", "change"] = option(
        "--jsonl-on",
        default="frame",
        shows_default=True,
        help="Lines to write: one per frame, or only the first and one whenever a face appears, "
        "leaves or changes its label.",
    )
    csv: str | None = option(
        "--csv",
        metavar="FILE",
        is_place=is_path,
        help="CSV file (- is stdout), one row per face and frame: frame, time_s, time, run, "
        "source, track, left, top, right, bottom, detection, label, and one column per "
        "expression.",
    )
    annotate: Path | None = option(
        "--annotate",
        metavar="PLACE",
        is_place=is_path,
        help="File or folder for annotated pictures.",
    )
    video: Path | None = option(
        "--video",
        metavar="FILE",
        is_place=is_path,
        help="Annotated video (.mp4, .avi, .mkv). Of a camera or stream, .avi and .mkv can be "
        "read after a power cut, .mp4 only after a normal end; an existing file is kept, "
        "and the new one is called NAME-2.",
    )
    gif: Path | None = option(
        "--gif",
        metavar="FILE",
        is_place=is_path,
        help="Annotated GIF of the first seconds.",
    )
    gif_seconds: float = option(
        "--gif-seconds",
        default=10.0,
        at_least=0.1,
        at_most=120,
        shows_default=True,
        metavar="SECONDS",
        help="Length of the GIF, 10 frames a second; each picture of a folder takes one second.",
    )
    gif_width_px: int = option(
        "--gif-width",
        default=480,
        at_least=16,
        at_most=1920,
        shows_default=True,
        metavar="PX",
        help="Longer side of the GIF in pixels; smaller frames are not enlarged.",
    )
    show: bool = option(
        "--show",
        default=False,
        help="Show the annotated picture in a window; q closes it.",
    )
    anonymize: Literal["blur", "pixelate", "box"] | None = option(
        "--anonymize",
        flag_value="blur",
        help="Cover the faces in every picture that is written, shown or served (default style: "
        "blur; box reveals least). A face that the detector misses stays visible.",
    )
    summary: str | None = option(
        "--summary",
        flag_value="-",
        metavar="[FILE.json]",
        is_place=is_path,
        help="Summary at the end: seconds per expression, frames, frame rate and latencies, as "
        "JSON in FILE, or without FILE as text on stderr (always shown on a terminal).",
    )
    sinks: tuple[str, ...] = option(
        "--sink",
        default=(),
        metavar="NAME=PLACE",
        help="A further output: of another package (fer_edge.sinks), or a second one of a kind, "
        "such as csv=FILE. PLACE is a path, an address with ://, or - for stdout (for summary: "
        "stderr). A place with a password can be set in FER_EDGE_SINK_NAME instead. May be "
        "repeated.",
    )
    quiet: bool = option(
        "--quiet",
        "-q",
        default=False,
        help="Print nothing by default: no JSON lines on stdout without --jsonl -, no progress, "
        "no summary without --summary or --compare. Errors are still shown.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "outputs")
        for text in self.sinks:
            parse_sink(text)

    @property
    def lines_place(self) -> str:
        """Output of JSON lines: path of a file, - for stdout, or none."""
        return self.jsonl or ("none" if self.quiet else "-")

    def named_sinks(self) -> tuple[ChosenSink, ...]:
        """Return the sinks of --sink."""
        return tuple(map(parse_sink, self.sinks))

    def file_sinks(self) -> tuple[ChosenSink, ...]:
        """Return the outputs with separate options, in opening order."""
        lines = None if self.lines_place == "none" else self.lines_place
        named = {"jsonl": lines, "csv": self.csv, "annotate": self.annotate, "video": self.video}
        named |= {"gif": self.gif, "summary": self.summary}
        return tuple(
            ChosenSink(name, str(place), f"--{name}")
            for name, place in named.items()
            if place is not None
        )

    def files(self) -> tuple[tuple[str, Path], ...]:
        """Return the files and folders to write, each with its option."""
        sinks = (*self.file_sinks(), *self.named_sinks())
        return tuple((sink.option, sink.path) for sink in sinks if sink.path is not None)

    def based_at(self, folder: Path) -> "OutputsConfig":
        """Return the part with relative paths of --sink resolved against a folder."""
        return self._with_sinks(tuple(sink.based_at(folder) for sink in self.named_sinks()))

    def completed(self, environment: Mapping[str, str]) -> "OutputsConfig":
        """Return the part; a sink without a place may get it from the environment."""
        return self._with_sinks(completed(self.named_sinks(), environment))

    def needs(self) -> Needs:
        """Return the system resources that it needs."""
        # without the lines that are printed by default
        requested = (*replace(self, quiet=True).file_sinks(), *self.named_sinks())
        prints = any(sink.prints for sink in requested)
        return together([Needs(prints=prints), *(sink.needs() for sink in requested)])

    def secrets(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the places with a password or a key, as environment variables."""
        sinks = completed(self.named_sinks(), environment)
        return {
            variable: sink.place
            for variable, sink in zip(variables(sinks), sinks, strict=True)
            if sink.is_secret
        }

    def without_secrets(self) -> "OutputsConfig":
        """Return the part without places that contain a password or a key."""
        sinks = self.named_sinks()
        return self._with_sinks(
            tuple(replace(sink, place="") if sink.is_secret else sink for sink in sinks)
        )

    def _with_sinks(self, sinks: tuple[ChosenSink, ...]) -> "OutputsConfig":
        return replace(self, sinks=tuple(sink.text for sink in sinks))
