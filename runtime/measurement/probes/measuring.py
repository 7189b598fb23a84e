"""Measurement of models: size, latency, memory, accuracy, agreement.

One sample of latency is the cost of a face in the runtime: writing the input tensor, the inference,
reading the output. Latencies are measured first, before a Keras network could heat the machine.
"""

import dataclasses
import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, MissingExtraError, ModelError, ReportError
from fer_edge.evaluation.evaluation import Variant, evaluate
from fer_edge.faces.faceset import FaceSet
from fer_edge.model.graph import read_graph
from fer_edge.scoring.scores import compare

from ...tracking.config import FacesConfig
from .candidate import (
    Candidate,
    check_classes,
    inference,
    probabilities,
    read_candidate,
    uses_delegate,
)
from .clip import Clip
from .cold_start import ColdStart, cold_start, median_start
from .detector_look import Look, looks_to_time, open_looks, timed_looks
from .disagreements import Disagreement, disagreements
from .end_to_end import measure_end_to_end
from .instructions import Instructions
from .latency import Latency, measure_in_rounds
from .machine_limit import MachineLimit, large_convolution, machine_limit, reason_against
from .results import Benchmark, ModelResult, Plan, Timing

LIMIT = "the large convolution"

log = logging.getLogger(__name__)


def benchmark_models(
    paths: list[Path],
    faces: FaceSet | None,
    *,
    plan: Plan,
    reference: Path | None = None,
    clips: Sequence[Clip] = (),
    detection: FacesConfig = FacesConfig(),  # noqa: B008 - frozen
    instructions: Instructions | None = None,
    on_step: Callable[[], None] = lambda: None,
) -> Benchmark:
    """Measure every model.

    Args:
        paths: .tflite files (a file without a card is timed, but not scored), or a run's
            `model.keras` (scored, but not timed).
        faces: Faces of one split, or None.
        plan: Amount of measurements.
        reference: Model to measure agreement against; None uses the first float32 model.
        clips: Videos that every model with a card processes.
        detection: Face detection in them.
        instructions: Counts; each model gets the count of its flatbuffer.
        on_step: Called `plan.steps(len(paths), len(clips))` times.

    Raises:
        ConfigError: A file is given twice, or the reference is not among them.
        ModelError: A file is missing, damaged or cannot be run; or none can process a video.
        SourceError: A video cannot be processed with a model.
        DatasetError: The face set's classes differ from a model's.
        ReportError: All instruction counts belong to other models.
        MissingExtraError: A Keras network is given, and Keras is not installed.
    """
    candidates = _read_candidates(paths, faces, instructions)
    against = _reference(candidates, reference)
    readers = _video_readers(candidates, clips)
    timed = [item for item in candidates if item.flatbuffer is not None]
    looks, no_limits = open_looks(clips, detection), reason_against()
    latencies = _latencies(timed, faces, plan, on_step, looks, has_limit=no_limits is None)
    limits = _limits(latencies)
    detections = timed_looks(looks, detection, latencies, limits)
    del looks  # an Edge TPU serves one process, and each video's process opens its own detector
    starts = _cold_starts(timed, plan, on_step)
    end_to_end = measure_end_to_end(
        clips, readers, detection, threads=plan.threads, rounds=plan.passes, on_step=on_step
    )
    results, read = [], []
    for candidate in candidates:
        result, ours = _score(candidate, faces, instructions, candidates)
        timings = _timings(result, limits, starts, latencies)
        results.append(dataclasses.replace(result, timings=timings))
        read.append(ours)
        on_step()
    return Benchmark(
        *_with_agreement(results, read, faces, against),
        reference=against,
        limits=limits,
        end_to_end=end_to_end,
        looks=detections,
        no_limits=no_limits,
    )


def _limits(latencies: Mapping[Hashable, Latency]) -> tuple[MachineLimit, ...]:
    return tuple(
        machine_limit(key[1], latency)
        for key, latency in latencies.items()
        if isinstance(key, tuple) and key[0] == LIMIT
    )


def _video_readers(candidates: list[Candidate], clips: Sequence[Clip]) -> dict[int, Path]:
    readers = {index: item.path for index, item in enumerate(candidates) if item.file is not None}
    if clips and not readers:
        raise ModelError(
            f"{candidates[0].path} cannot process a video, which needs a .tflite file with a "
            "card; create one: fer-edge convert"
        )
    return readers


def _read_candidates(
    paths: list[Path], faces: FaceSet | None, instructions: Instructions | None
) -> list[Candidate]:
    """Read the files; reject unusable ones before hours of measuring."""
    for path in paths:
        if paths.count(path) > 1:
            raise ConfigError(f"{path} is given twice; pass each model once")
    candidates = [read_candidate(path) for path in paths]
    if faces is not None:
        check_classes(candidates, faces)
    if instructions and all(instructions.of(item.sha256) is None for item in candidates):
        raise ReportError(
            "the arm64 instructions belong to other models "
            f"({', '.join(item.name for item in instructions.models) or 'none at all'}); count "
            "those of the measured models"
        )
    return candidates


def _reference(candidates: list[Candidate], wanted: Path | None) -> int | None:
    if wanted is not None:
        paths = [candidate.path for candidate in candidates]
        if wanted not in paths:
            raise ConfigError(f"reference {wanted} is not among the models; add it to them")
        return paths.index(wanted)
    for numbers in ("float32", "float32 keras"):
        for index, candidate in enumerate(candidates):
            if candidate.numbers == numbers:
                return index
    return None


def _latencies(
    candidates: list[Candidate],
    faces: FaceSet | None,
    plan: Plan,
    on_step: Callable[[], None],
    looks: Sequence[Look],
    *,
    has_limit: bool,
) -> dict[Hashable, Latency]:
    inferences: dict[Hashable, Callable[[], object]] = {
        (LIMIT, count): large_convolution(count) for count in plan.threads if has_limit
    }
    for candidate in candidates:
        for count in plan.threads:
            inferences[candidate.path, count] = inference(candidate, faces, count)
    inferences |= looks_to_time(looks)
    return measure_in_rounds(inferences, plan.rounds, on_step)


def _cold_starts(
    candidates: list[Candidate], plan: Plan, on_step: Callable[[], None]
) -> dict[tuple[Path, int], ColdStart]:
    keys = [(candidate.path, count) for candidate in candidates for count in plan.threads]
    starts: dict[tuple[Path, int], list[ColdStart]] = {key: [] for key in keys}
    for _ in range(plan.cold_starts):
        for path, count in keys:
            starts[path, count].append(cold_start(path, count))
        on_step()
    return {key: median_start(found) for key, found in starts.items()}


def _work(candidate: Candidate, flatbuffer: bytes) -> tuple[int | None, int | None]:
    """Return parameters and multiply-accumulates; from the card if the graph cannot be parsed."""
    try:
        graph = read_graph(flatbuffer)
    except MissingExtraError:
        card = candidate.file.card if candidate.file is not None else None
        return (card.parameters, card.macs) if card is not None else (None, None)
    return graph.parameters, graph.macs


def _score(
    candidate: Candidate,
    faces: FaceSet | None,
    instructions: Instructions | None,
    candidates: list[Candidate],
) -> tuple[ModelResult, NDArray[np.float32] | None]:
    """Describe a file and classify the faces with it; also returns its probabilities."""
    ours, parameters = (
        (None, None) if faces is None else probabilities(candidate, faces, candidates)
    )
    if ours is not None and not np.isfinite(ours).all():
        log.warning(
            "%s produces values that are not finite, which count as wrong answers; expected "
            "probabilities: look for weights that are NaN or too large",
            candidate.path,
        )
    macs = None
    if candidate.flatbuffer is not None:
        parameters, macs = _work(candidate, candidate.flatbuffer)
    variant: Variant = "float" if candidate.flatbuffer is None else "served"
    result = ModelResult(
        path=str(candidate.path),
        name=candidate.name,
        numbers=candidate.numbers,
        size_bytes=candidate.path.stat().st_size,
        parameters=parameters,
        macs=macs,
        xnnpack=uses_delegate(candidate),
        timings=(),
        evaluation=evaluate(variant, ours, faces) if faces and ours is not None else None,
        agreement=None,
        arm64_instructions=instructions.of(candidate.sha256) if instructions else None,
    )
    return result, ours


def _timings(
    result: ModelResult,
    limits: tuple[MachineLimit, ...],
    starts: dict[tuple[Path, int], ColdStart],
    latencies: dict[Hashable, Latency],
) -> tuple[Timing, ...]:
    most = {limit.threads: limit.macs_per_second for limit in limits}
    found = []
    for path, threads in starts:
        if str(path) == result.path:
            steady = latencies[path, threads]
            rate = None if result.macs is None else result.macs / (steady.median_ms / 1e3)
            share = rate / most[threads] if rate is not None and threads in most else None
            found.append(Timing(threads, starts[path, threads], steady, rate, share))
    return tuple(found)


def _with_agreement(
    results: list[ModelResult],
    read: list[NDArray[np.float32] | None],
    faces: FaceSet | None,
    against: int | None,
) -> tuple[tuple[ModelResult, ...], tuple[tuple[Disagreement, ...], ...]]:
    """Compare each model with the reference; also returns the faces on which they disagree."""
    theirs = None if against is None else read[against]
    different: list[tuple[Disagreement, ...]] = [()] * len(results)
    for index, ours in enumerate(read):
        if faces is not None and ours is not None and theirs is not None and index != against:
            agreement = compare(ours, theirs, faces.labels)
            results[index] = dataclasses.replace(results[index], agreement=agreement)
            different[index] = disagreements(ours, theirs, faces.labels)
    return tuple(results), tuple(different)
