"""Python interface of `fer-edge benchmark`: `fer_edge.runtime.benchmark`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from fer_edge.errors import ConfigError
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.model.bundled import find_model

from ..device.conditions import Watch
from ..device.description import describe_device
from ..tracking.config import FacesConfig, open_chosen_detector
from .probes.clip import Clip, read_clip
from .probes.instructions import Instructions, read_instructions
from .probes.measuring import benchmark_models
from .probes.results import Benchmark, Plan
from .report.report import FacesInfo, Report, faces_info

MADE_BY = "fer_edge.runtime.benchmark"
"""Replaces the command line in a report from the Python interface."""

QUICK = Plan(threads=(1,), rounds=2, cold_starts=1, passes=1)
"""A short run."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Models and data of a benchmark.

    Attributes:
        names: Models as given: name of a bundled model, a .tflite file, or a run's model.keras.
        faces: Faces to score on; None measures no accuracy.
        info: Origin of these faces.
        reference: Model to measure agreement against, by name; None uses the first float32 model.
        clips: Videos that every model processes.
        detection: Face detection and tracking in them.
        instructions: Counted arm64 instructions.
    """

    names: tuple[str, ...]
    faces: FaceSet | None = None
    info: FacesInfo | None = None
    reference: str | None = None
    clips: tuple[Clip, ...] = ()
    detection: FacesConfig = FacesConfig()  # noqa: RUF009 - frozen
    instructions: Instructions | None = None


def benchmark(
    models: str | Path | Sequence[str | Path],
    data: str | Path | FaceSet | None = None,
    *,
    reference: str | Path | None = None,
    plan: Plan = Plan(),  # noqa: B008 - frozen
    videos: Sequence[str | Path] = (),
    detection: FacesConfig = FacesConfig(),  # noqa: B008 - frozen
    instructions: str | Path | None = None,
    on_step: Callable[[], None] = lambda: None,
) -> Report:
    """Measure models against each other: size, accuracy, agreement, latency, memory, whole frames.

    Latency is measured in rounds over all models, accuracy through the served path. Memory and
    whole videos are measured in fresh processes.

    Args:
        models: Names of bundled models, .tflite files, or runs' model.keras, which are scored but
            not timed.
        data: A `.npz` face set, whose validation split is scored, or faces, which are all scored.
        reference: Model to measure agreement against; None uses the first float32 model.
        plan: Thread counts and repetitions; `QUICK` for a short run.
        videos: Files that every model processes like `fer-edge run`.
        detection: Face detection and tracking in them, as in `fer-edge run`.
        instructions: A .json file of `benchmarks.arm64_instructions`.
        on_step: Called after each of `plan.steps(...)` steps.

    Returns:
        The report; `write_report` writes it as HTML, JSON and Markdown.

    Raises:
        ModelError: A model cannot be read or run, or two cannot be compared.
        DatasetError: The face set cannot be read.
        SourceError: A video cannot be read.
        DetectorError: The detector cannot be opened.
        ConfigError: The list of models is empty; the plan cannot be measured; settings of detection
            are given without a video; a model or a video is given twice; or the reference is not
            among the models.
        ReportError: The instructions cannot be read, or the reference has no scores.
        MissingExtraError: A package is not installed; the message names the extra.
    """
    if not videos and detection != FacesConfig():
        raise ConfigError(
            "expected videos with the settings in detection, got none; pass videos too"
        )
    paths = [Path(video) for video in videos]
    for path in paths:
        if paths.count(path) > 1:
            raise ConfigError(f"videos contains {path} twice; pass each video once")
    scored, info = _scored(data)
    subject = Subject(
        names=_names(models),
        faces=scored,
        info=info,
        reference=None if reference is None else str(reference),
        clips=read_clips(paths, detection),
        detection=detection,
        instructions=None if instructions is None else read_instructions(Path(instructions)),
    )
    return measure(subject, plan, on_step=on_step)[0]


def measure(
    subject: Subject,
    plan: Plan,
    *,
    command: str = MADE_BY,
    on_step: Callable[[], None] = lambda: None,
) -> tuple[Report, Benchmark]:
    """Run a benchmark on this machine; returns the report and the disagreements.

    Raises:
        FerEdgeError: As `benchmark`.
    """
    plan.check()
    began = datetime.now(timezone.utc).isoformat(timespec="seconds")
    device, watch = describe_device(), Watch()
    measured = benchmark_models(
        [find_model(name) for name in subject.names],
        subject.faces,
        plan=plan,
        reference=None if subject.reference is None else find_model(subject.reference),
        clips=subject.clips,
        detection=subject.detection,
        instructions=subject.instructions,
        on_step=on_step,
    )
    # as given: the path of a bundled model is not useful in a report
    named = zip(measured.models, subject.names, strict=True)
    report = Report(
        made=began,
        command=command,
        device=device,
        conditions=watch.conditions(device.governor),
        plan=plan,
        faces=subject.info,
        reference=measured.reference,
        limits=measured.limits,
        models=tuple(replace(item, path=name) for item, name in named),
        end_to_end=measured.end_to_end,
        looks=measured.looks,
        no_limits=measured.no_limits,
    )
    return report, measured


def read_clips(videos: Sequence[Path], detection: FacesConfig) -> tuple[Clip, ...]:
    """Decode the videos, and try the detector, before anything is measured.

    Raises:
        SourceError: A video is missing, not a video, truncated, or empty.
        DetectorError: The detector's model file or delegate is missing or unusable.
        MissingExtraError: The detector needs a TFLite runtime, and none is installed.
    """
    if not videos:
        return ()
    open_chosen_detector(detection, is_video=True)
    return tuple(map(read_clip, videos))


def _names(models: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    names = [models] if isinstance(models, str | Path) else models
    if not names:
        raise ConfigError("'models' is empty, expected at least one model")
    return tuple(map(str, names))


def _scored(data: str | Path | FaceSet | None) -> tuple[FaceSet | None, FacesInfo | None]:
    if data is None:
        return None, None
    if isinstance(data, FaceSet):
        return data, faces_info(data, Path("face set"), "all")
    part = load_faceset(Path(data)).part("validation")
    return part, faces_info(part, Path(data), "validation")
