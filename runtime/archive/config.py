"""The configuration of `fer-edge archive`: its fields are the options."""

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
    """The part of each video that is processed."""

    every_s: float = option(
        "--every-seconds",
        default=0.0,
        at_least=0,
        at_most=86400,
        metavar="S",
        help="Interval in seconds between the frames of a video that are processed. From 0.2 "
        "on, faces are detected in each of these frames, whatever --every is. Default: "
        "every frame.",
    )
    split_min: float | None = option(
        "--split",
        at_least=0,
        is_above=True,
        metavar="MINUTES",
        help="Length in minutes of the spans into which longer videos are divided, which are "
        "processed in parallel. Track numbers start again in each span. Default: a video "
        "is processed as a whole.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "reading")


@dataclass(frozen=True, slots=True)
class ResultsConfig:
    """Location of the results, and treatment of earlier results."""

    out: Path | None = option(
        "--out", metavar="FOLDER", is_place=is_path, help="Results folder. Required."
    )
    format: FormatName = option(
        "--format",
        default="parquet",
        shows_default=True,
        help="Format of the result files. parquet needs pip install 'fer-edge[archive]'; csv "
        "and jsonl do not, but cannot be summarized.",
    )
    retry: bool = option(
        "--retry",
        default=False,
        help="Process again the files that failed in an earlier run. Without it, only those "
        "that changed since then are processed.",
    )
    overwrite: bool = option(
        "--overwrite",
        default=False,
        help="Delete all existing results of another model or other options, also those of sources "
        "that are not named now, instead of refusing to mix them with new ones.",
    )


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """The engine of the work."""

    workers: int | None = option(
        "--workers",
        at_least=1,
        at_most=4096,
        metavar="N",
        help="Number of processes on this machine; on Ray, of files processed at the same time. "
        "Default: one per core.",
    )
    ray: str | None = option(
        "--ray",
        metavar="ADDRESS|local",
        help="Address of a Ray cluster, for example 10.0.0.1:6379, whose nodes all see the "
        "files and the results under the same paths; or local for Ray on this machine. "
        "Needs pip install 'fer-edge[ray]'.",
    )
    dry_run: bool = option(
        "--dry-run",
        default=False,
        help="Count files and hours, estimate the time on this machine from a few seconds of "
        "processing, and write nothing.",
    )

    def __post_init__(self) -> None:
        check_ranges(self, "engine")


@dataclass(frozen=True, slots=True)
class ArchiveConfig:
    """All options of `fer-edge archive`, except the places.

    Attributes:
        reading: Part of each video that is processed.
        results: Location of the results.
        engine: Engine of the work.
        model: Expression model.
        faces: Face detection and tracking.
        recognition: From predictions to labels.
    """

    reading: ReadingConfig = field(default_factory=ReadingConfig)
    results: ResultsConfig = field(default_factory=ResultsConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    faces: FacesConfig = field(default_factory=FacesConfig)
    recognition: RecognitionConfig = field(default_factory=RecognitionConfig)

    def __post_init__(self) -> None:
        self.faces.check()


PARTS: dict[str, type] = {
    "reading": ReadingConfig,
    "results": ResultsConfig,
    "engine": EngineConfig,
    "model": ModelConfig,
    "faces": FacesConfig,
    "recognition": RecognitionConfig,
}
"""The fields of `ArchiveConfig`, each with its options."""
