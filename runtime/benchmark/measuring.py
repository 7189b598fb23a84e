"""Models against each other: size, accuracy, agreement, latency, memory, all measured.

Latencies are taken in rounds over all models and thread counts, so that a machine that drifts
drifts for all of them. One sample is what a face costs the runtime: writing the input tensor, the
inference, reading the output.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.evaluation import served_probabilities
from fer_edge.faces import model_inputs
from fer_edge.faceset import FaceSet
from fer_edge.graph import read_graph
from fer_edge.interpreter import TFLiteModel, find_runtime, open_interpreter
from fer_edge.modelfile import ModelFile, read_flatbuffer_file, read_model
from fer_edge.scores import Agreement, Scores, compare, score

WARM_UP_RUNS = 20
RUNS_PER_ROUND = 50


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency of one inference at one thread count, in milliseconds."""

    threads: int
    runs: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class ModelResult:
    """What was measured of one file.

    Attributes:
        path: The file.
        name: From its card; the file's stem where it has none.
        numbers: float32, int8 ..., with the method; "no card" where it has none.
        size_bytes: Of the file.
        parameters: Weights and biases in the graph.
        macs: Multiply-accumulates of one inference.
        scores: On the face set; None without a face set or a card.
        accuracy_without_duplicates: On faces that do not stand in train.
        agreement: With the reference model; None for itself, or where there is none.
        latencies: One per thread count.
        peak_memory_mb: Resident set of a fresh process that loads and runs this file.
        added_memory_mb: That, minus the same process before the file was read.
    """

    path: Path
    name: str
    numbers: str
    size_bytes: int
    parameters: int
    macs: int
    scores: Scores | None
    accuracy_without_duplicates: float | None
    agreement: Agreement | None
    latencies: tuple[Latency, ...]
    peak_memory_mb: float
    added_memory_mb: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    path: Path
    file: ModelFile | None
    flatbuffer: bytes


def benchmark_models(
    paths: list[Path],
    faces: FaceSet | None,
    *,
    reference: Path | None,
    threads: tuple[int, ...],
    rounds: int,
    on_step: Callable[[int], None] = lambda count: None,
) -> list[ModelResult]:
    """Measure every model.

    Args:
        paths: .tflite files; one without a card is measured, but not scored.
        faces: Of one split, or None.
        reference: The model that agreement is taken against; None takes the first float32 one.
        threads: Thread counts.
        rounds: Of `RUNS_PER_ROUND` inferences for each model and thread count.
        on_step: Called once per model for the scores, then once per round.

    Raises:
        ModelError: A file is missing, damaged or cannot be run.
        DatasetError: The face set's classes are not a model's.
    """
    candidates = [_read(path) for path in paths]
    probabilities: dict[Path, NDArray[np.float32]] = {}
    for candidate in candidates:
        if faces is not None and candidate.file is not None:
            with TFLiteModel(candidate.file) as model:
                probabilities[candidate.path] = served_probabilities(model, faces)
        on_step(1)
    baseline = _reference(candidates, reference)
    samples = _latencies(candidates, faces, threads, rounds, on_step)
    results = []
    for candidate in candidates:
        graph = read_graph(candidate.flatbuffer)
        file, ours = candidate.file, probabilities.get(candidate.path)
        peak, added = _memory(candidate.path)
        agreement = None
        if faces is not None and ours is not None and baseline not in (None, candidate.path):
            theirs = probabilities.get(baseline) if baseline else None
            if theirs is not None and theirs.shape == ours.shape:
                agreement = compare(ours, theirs, faces.labels)
        clean = ~faces.duplicates if faces is not None else None
        results.append(
            ModelResult(
                path=candidate.path,
                name=file.card.name if file else candidate.path.stem,
                numbers=_numbers(file),
                size_bytes=candidate.path.stat().st_size,
                parameters=graph.parameters,
                macs=graph.macs,
                scores=score(ours, faces.labels) if faces and ours is not None else None,
                accuracy_without_duplicates=(
                    score(ours[clean], faces.labels[clean]).accuracy
                    if faces and ours is not None and clean is not None and clean.any()
                    else None
                ),
                agreement=agreement,
                latencies=tuple(
                    _summarise(count, samples[candidate.path, count]) for count in threads
                ),
                peak_memory_mb=peak,
                added_memory_mb=added,
            )
        )
    return results


def _read(path: Path) -> _Candidate:
    data = read_flatbuffer_file(path)
    if b"fer_edge.json" not in data:
        return _Candidate(path, None, data)
    file = read_model(path)
    return _Candidate(path, file, file.flatbuffer)


def _reference(candidates: list[_Candidate], wanted: Path | None) -> Path | None:
    if wanted is not None:
        if wanted not in [candidate.path for candidate in candidates]:
            raise ModelError(f"reference {wanted} is not among the models; name it there, too")
        return wanted
    for candidate in candidates:
        if candidate.file and candidate.file.card.quantization.scheme == "float32":
            return candidate.path
    return None


def _numbers(file: ModelFile | None) -> str:
    if file is None:
        return "no card"
    quantization = file.card.quantization
    if quantization.method == "none":
        return quantization.scheme
    return f"{quantization.scheme} {quantization.method}"


def _latencies(
    candidates: list[_Candidate],
    faces: FaceSet | None,
    threads: tuple[int, ...],
    rounds: int,
    on_step: Callable[[int], None],
) -> dict[tuple[Path, int], list[float]]:
    runs = {
        (candidate.path, count): _inference(candidate, faces, count)
        for candidate in candidates
        for count in threads
    }
    samples: dict[tuple[Path, int], list[float]] = {key: [] for key in runs}
    for infer in runs.values():
        for _ in range(WARM_UP_RUNS):
            infer()
    for _ in range(rounds):
        for key, infer in runs.items():
            for _ in range(RUNS_PER_ROUND):
                started = time.perf_counter()
                infer()
                samples[key].append(1e3 * (time.perf_counter() - started))
        on_step(1)
    return samples


def _inference(candidate: _Candidate, faces: FaceSet | None, threads: int) -> Callable[[], object]:
    """Return a function that runs one inference on a fixed input."""
    if candidate.file is not None:
        model = TFLiteModel(candidate.file, threads=threads)
        height, width = model.input_size
        grey = np.full((1, height, width), 128, np.uint8) if faces is None else faces.images[:1]
        tensor = model.prepare(model_inputs(grey, height, width)[0])
        return lambda: model.invoke(tensor)
    interpreter: Any = open_interpreter(
        find_runtime(), candidate.flatbuffer, name=str(candidate.path), threads=threads
    )
    tensors = [
        (item["index"], np.zeros(item["shape"], item["dtype"]))
        for item in interpreter.get_input_details()
    ]
    output = interpreter.get_output_details()[0]["index"]

    def infer() -> object:
        for index, values in tensors:
            interpreter.set_tensor(index, values)
        interpreter.invoke()
        return interpreter.get_tensor(output)

    return infer


def _summarise(threads: int, samples: list[float]) -> Latency:
    median, p95 = np.percentile(samples, [50, 95])
    return Latency(threads, len(samples), float(median), float(p95))


def _memory(path: Path) -> tuple[float, float]:
    """Load and run a file in a fresh process; return its peak and added memory in MB."""
    done = subprocess.run(
        [sys.executable, "-m", "fer_edge.runtime.benchmark.memory_probe", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ModelError(f"{path} cannot be run in a process of its own: {done.stderr.strip()}")
    peak, added = json.loads(done.stdout)
    return float(peak), float(added)
