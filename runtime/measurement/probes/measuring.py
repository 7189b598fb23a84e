"""Models against each other: size, latency, memory, accuracy, agreement, all measured.

One sample of latency is what a face costs the runtime: writing the input tensor, the inference,
reading the output. Latencies are taken first, before a Keras network could warm the machine.
"""

import dataclasses
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import MissingExtraError, ModelError, ReportError
from fer_edge.evaluation.evaluation import Evaluation, Variant, evaluate
from fer_edge.faces.faceset import FaceSet
from fer_edge.model.graph import read_graph
from fer_edge.scoring.scores import Agreement, compare

from .candidate import (
    Candidate,
    check_classes,
    inference,
    probabilities,
    read_candidate,
    uses_delegate,
)
from .clip import Clip
from .clip_probe import AS_RUN, Finding
from .cold_start import ColdStart, cold_start, median_start
from .end_to_end import EndToEnd, measure_end_to_end
from .instructions import Instructions
from .latency import Latency, measure_in_rounds
from .machine_limit import MachineLimit, large_convolution, machine_limit, reason_against

LIMIT = "the large convolution"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes:
        threads: Thread counts.
        rounds: Of latency, see `measure_in_rounds`.
        cold_starts: Fresh processes for each model and thread count; the median counts.
        passes: Of each video with each model and thread count, each in a fresh process; as many
            at a camera's pace.
    """

    threads: tuple[int, ...] = (1,)
    rounds: int = 10
    cold_starts: int = 3
    passes: int = 3

    def steps(self, models: int, clips: int = 0) -> int:
        """Return how often `benchmark_models` calls `on_step`."""
        return self.rounds + self.cold_starts + self.passes * clips + models


@dataclass(frozen=True, slots=True)
class Timing:
    """One file at one thread count.

    Attributes:
        threads: CPU threads.
        start: Loading, first inference, memory.
        steady: Latency after the warm-up.
        macs_per_second: Multiply-accumulates per second, at the median; None where they are not
            known.
        share_of_limit: Of what one large int8 convolution reaches in the same rounds, 0 to 1; None
            where that was not measured.
    """

    threads: int
    start: ColdStart
    steady: Latency
    macs_per_second: float | None
    share_of_limit: float | None


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What was measured of one file.

    Attributes:
        path: The file, as it was named.
        name: From its card; the file's stem where it has none.
        numbers: float32, int8 ptq, ...; "float32 keras"; "no card".
        size_bytes: Of the file.
        parameters: Weights and biases in the graph; None for a Keras network that was not opened,
            and for a file without a card where LiteRT is not installed, which reads graphs.
        macs: Multiply-accumulates of one inference; None for a Keras network, and as above.
        xnnpack: Whether XNNPACK runs the graph, or part of it; None where unknown.
        timings: One per thread count; none of a Keras network.
        evaluation: On the face set; None without a face set or a card.
        agreement: With the reference model; None for itself, or where there is none.
        arm64_instructions: Guest instructions of one inference under qemu, which are no time; None
            where none were given.
    """

    path: str
    name: str
    numbers: str
    size_bytes: int
    parameters: int | None
    macs: int | None
    xnnpack: bool | None
    timings: tuple[Timing, ...]
    evaluation: Evaluation | None
    agreement: Agreement | None
    arm64_instructions: int | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A face that the reference and a model read differently.

    Attributes:
        row: In the split, counted from 0.
        label: The true class.
        reference: The reference's class.
        model: The model's class.
        reference_probability: The reference's, of its class.
        model_probability: The model's, of its class.
    """

    row: int
    label: int
    reference: int
    model: int
    reference_probability: float
    model_probability: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All that was measured.

    Attributes:
        models: In the order in which they were named.
        reference: Index of the model that agreement is taken against; None without one.
        limits: The machine's practical limit, one per thread count; none where it was not measured.
        disagreements: For each model, the faces that it reads otherwise than the reference, those
            first of which the two are surest.
        end_to_end: What the videos gave.
        no_limits: Why there are no limits; None where there are.
    """

    models: tuple[ModelResult, ...]
    reference: int | None
    limits: tuple[MachineLimit, ...]
    disagreements: tuple[tuple[Disagreement, ...], ...]
    end_to_end: tuple[EndToEnd, ...] = ()
    no_limits: str | None = None


def benchmark_models(
    paths: list[Path],
    faces: FaceSet | None,
    *,
    plan: Plan,
    reference: Path | None = None,
    clips: Sequence[Clip] = (),
    finding: Finding = AS_RUN,
    instructions: Instructions | None = None,
    on_step: Callable[[], None] = lambda: None,
) -> Benchmark:
    """Measure every model.

    Args:
        paths: .tflite files (one without a card is measured, but not scored), or a run's
            `model.keras` (scored, but not measured).
        faces: Of one split, or None.
        plan: How much is measured.
        reference: The model that agreement is taken against; None takes the first float32 one.
        clips: Videos that every model with a card reads whole; the others cannot.
        finding: How faces are found in them.
        instructions: Counted before; each model gets those of its flatbuffer.
        on_step: Called `plan.steps(len(paths), len(clips))` times.

    Raises:
        ModelError: A file is missing, damaged or cannot be run, or was named twice; or none of them
            can read a video.
        SourceError: A video cannot be read with a model.
        DatasetError: The face set's classes are not a model's.
        ReportError: The instructions are those of other models, all of them.
        MissingExtraError: A Keras network was named, and Keras is not installed.
    """
    for path in paths:
        if paths.count(path) > 1:
            raise ModelError(f"{path} is named twice; name each model once")
    candidates = [read_candidate(path) for path in paths]
    if faces is not None:
        check_classes(candidates, faces)
    if instructions and all(instructions.of(item.sha256) is None for item in candidates):
        raise ReportError(
            "the arm64 instructions are of other models "
            f"({', '.join(item.name for item in instructions.models) or 'none at all'}); count "
            "those that are measured"
        )
    against = _reference(candidates, reference)
    readers = {index: item.path for index, item in enumerate(candidates) if item.file is not None}
    if clips and not readers:
        raise ModelError(
            f"{paths[0]} cannot read a video, which takes a .tflite file with a card; make one "
            "with: fer-edge convert"
        )
    timed = [item for item in candidates if item.flatbuffer is not None]
    no_limits = reason_against()
    latencies = _latencies(timed, faces, plan, on_step, has_limit=no_limits is None)
    starts = _cold_starts(timed, plan, on_step)
    end_to_end = measure_end_to_end(
        *(clips, readers),
        threads=plan.threads,
        rounds=plan.passes,
        finding=finding,
        on_step=on_step,
    )
    limits = {
        count: machine_limit(count, latencies[LIMIT, count])
        for count in plan.threads
        if no_limits is None
    }
    read: list[NDArray[np.float32] | None] = []
    results = []
    for candidate in candidates:
        ours, parameters = (None, None) if faces is None else probabilities(candidate, faces)
        read.append(ours)
        macs = None
        if candidate.flatbuffer is not None:
            parameters, macs = _work(candidate, candidate.flatbuffer)
        timings = tuple(
            _timing(count, limits.get(count), macs, starts[key], latencies[key])
            for count in plan.threads
            if (key := (candidate.path, count)) in latencies
        )
        variant: Variant = "float" if candidate.flatbuffer is None else "served"
        results.append(
            ModelResult(
                path=str(candidate.path),
                name=candidate.name,
                numbers=candidate.numbers,
                size_bytes=candidate.path.stat().st_size,
                parameters=parameters,
                macs=macs,
                xnnpack=uses_delegate(candidate),
                timings=timings,
                evaluation=evaluate(variant, ours, faces) if faces and ours is not None else None,
                agreement=None,
                arm64_instructions=instructions.of(candidate.sha256) if instructions else None,
            )
        )
        on_step()
    measured = _with_agreement(results, read, faces, against, tuple(limits.values()))
    return dataclasses.replace(measured, end_to_end=end_to_end, no_limits=no_limits)


def disagreements(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], labels: NDArray[np.uint8]
) -> tuple[Disagreement, ...]:
    """List the faces that two models read differently.

    Args:
        ours: The model's probabilities, float32 (n, classes).
        theirs: The reference's.
        labels: uint8, (n,).

    Returns:
        Those first of which the less sure one of the two is surest.
    """
    model, reference = ours.argmax(axis=1), theirs.argmax(axis=1)
    [rows] = np.nonzero(model != reference)
    surest = np.minimum(ours.max(axis=1), theirs.max(axis=1))[rows]
    return tuple(
        Disagreement(
            row=int(row),
            label=int(labels[row]),
            reference=int(reference[row]),
            model=int(model[row]),
            reference_probability=float(theirs[row].max()),
            model_probability=float(ours[row].max()),
        )
        for row in rows[np.argsort(-surest, kind="stable")]
    )


def _reference(candidates: list[Candidate], wanted: Path | None) -> int | None:
    if wanted is not None:
        paths = [candidate.path for candidate in candidates]
        if wanted not in paths:
            raise ModelError(f"reference {wanted} is not among the models; name it there, too")
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
    *,
    has_limit: bool,
) -> dict[Hashable, Latency]:
    inferences: dict[Hashable, Callable[[], object]] = {
        (LIMIT, count): large_convolution(count) for count in plan.threads if has_limit
    }
    for candidate in candidates:
        for count in plan.threads:
            inferences[candidate.path, count] = inference(candidate, faces, count)
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
    """Return parameters and multiply-accumulates; those of the card where no graph can be read."""
    try:
        graph = read_graph(flatbuffer)
    except MissingExtraError:
        card = candidate.file.card if candidate.file is not None else None
        return (card.parameters, card.macs) if card is not None else (None, None)
    return graph.parameters, graph.macs


def _timing(
    threads: int, limit: MachineLimit | None, macs: int | None, start: ColdStart, steady: Latency
) -> Timing:
    rate = None if macs is None else macs / (steady.median_ms / 1e3)
    share = None if rate is None or limit is None else rate / limit.macs_per_second
    return Timing(threads, start, steady, rate, share)


def _with_agreement(
    results: list[ModelResult],
    read: list[NDArray[np.float32] | None],
    faces: FaceSet | None,
    against: int | None,
    limits: tuple[MachineLimit, ...],
) -> Benchmark:
    theirs = None if against is None else read[against]
    different: list[tuple[Disagreement, ...]] = []
    for index, (result, ours) in enumerate(zip(results, read, strict=True)):
        different.append(())
        if faces is not None and ours is not None and theirs is not None and index != against:
            agreement = compare(ours, theirs, faces.labels)
            results[index] = dataclasses.replace(result, agreement=agreement)
            different[-1] = disagreements(ours, theirs, faces.labels)
    return Benchmark(tuple(results), against, limits, tuple(different))
