"""The configuration of `fer-edge archive`: its options are the fields."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fer_edge.cli.option_fields import check_ranges, is_path, option

from ..recognition.config import RecognitionConfig
from ..recognition.model_config import ModelConfig
from ..tracking.config import FacesConfig

FormatName = Literal["parquet", "csv", "jsonl"]


@dataclass(frozen=True, slots=True)
class ReadingConfig:
    """How much of each video is read."""

    every_s: float = option(
        "--every-seconds",
        default=0.0,
        at_least=0,
        at_most=86400,
        metavar="S",
        help="Look at one frame of a video in so many seconds. From 0.2 on, faces are detected in "
        "each of these frames, whatever --every says. Default: every frame.",
    )
    split_min: float | None = option(
        "--split",
        at_least=0,
        is_above=True,
        metavar="MINUTES",
        help="Read videos that are longer than this in spans of so many minutes, side by side. "
        "Tracks are numbered in each span for itself. Default: a video is read whole.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "reading")


@dataclass(frozen=True, slots=True)
class ResultsConfig:
    """Where results go, and what happens to those of earlier runs."""

    out: Path | None = option(
        "--out", metavar="FOLDER", is_place=is_path, help="The folder of results. Required."
    )
    format: FormatName = option(
        "--format",
        default="parquet",
        shows_default=True,
        help="Of the files of results. parquet needs pip install 'fer-edge[archive]'; csv and "
        "jsonl do not, and are not summarized.",
    )
    retry: bool = option(
        "--retry",
        default=False,
        help="Read again what failed in an earlier run. Without it, only files that have changed "
        "since are.",
    )
    overwrite: bool = option(
        "--overwrite",
        default=False,
        help="Delete results that another model or other options made, instead of refusing to mix "
        "them with new ones.",
    )


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What does the work."""

    workers: int | None = option(
        "--workers",
        at_least=1,
        at_most=4096,
        metavar="N",
        help="Processes on this machine; on Ray, files read at the same time. Default: one for "
        "each core.",
    )
    ray: str | None = option(
        "--ray",
        metavar="ADDRESS|local",
        help="Do the work on a Ray cluster, as 10.0.0.1:6379, whose nodes all see the files and "
        "the results under the same names; or on Ray on this machine. Needs pip install "
        "'fer-edge[ray]'.",
    )
    dry_run: bool = option(
        "--dry-run",
        default=False,
        help="Count files and hours, estimate the time on this machine from a few seconds of "
        "reading, and write nothing.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "engine")


@dataclass(frozen=True, slots=True)
class ArchiveConfig:
    """Everything that `fer-edge archive` can be asked for, but the places.

    Attributes:
        reading: How much of each video is read.
        results: Where results go.
        engine: What does the work.
        model: What recognizes expressions.
        faces: How faces are found and followed.
        recognition: How readings become labels.
    """

    reading: ReadingConfig = field(default_factory=ReadingConfig)
    results: ResultsConfig = field(default_factory=ResultsConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    faces: FacesConfig = field(default_factory=FacesConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)


PARTS: dict[str, type] = {
    "reading": ReadingConfig,
    "results": ResultsConfig,
    "engine": EngineConfig,
    "model": ModelConfig,
    "faces": FacesConfig,
    "recognition": RecognitionConfig,
}
"""The fields of `ArchiveConfig`, each with its options."""
