"""Reports with chosen figures, for tests of a report's text and charts."""

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.evaluation.evaluation import evaluate
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FER2013
from fer_edge.runtime.device.conditions import Conditions
from fer_edge.runtime.device.description import Device
from fer_edge.runtime.measurement.probes.cold_start import ColdStart
from fer_edge.runtime.measurement.probes.end_to_end import CameraPace, EndToEnd, StageTime
from fer_edge.runtime.measurement.probes.latency import summarize
from fer_edge.runtime.measurement.probes.machine_limit import machine_limit
from fer_edge.runtime.measurement.probes.results import ModelResult, Plan, Timing
from fer_edge.runtime.measurement.report.report import FacesInfo, Report
from fer_edge.scoring.scores import Agreement

FACES = 70
COLD_START = ColdStart(5.0, 2.0, 60.0, 5.0)


def make_model(
    numbers: str,
    *,
    name: str = "",
    median_ms: float | None = 1.0,
    accuracy: float | None = 0.6,
    size_bytes: int = 1_000_000,
    change: tuple[float, float, float] | None = None,
    threads: tuple[int, ...] = (1,),
    xnnpack: bool | None = True,
) -> ModelResult:
    """Return a model's result; `change` is the accuracy difference and its interval, as shares."""
    timings = []
    for count in threads if median_ms is not None else ():
        steady = summarize([[median_ms] * 99, [median_ms, 5 * median_ms]], 30.0)
        timings.append(Timing(count, COLD_START, steady, 1e9, 0.5))
    evaluation = agreement = None
    if accuracy is not None:
        labels = np.arange(FACES, dtype=np.uint8) % 7
        faces = FaceSet(np.zeros((FACES, 48, 48), np.uint8), labels, np.ones_like(labels), FER2013)
        said = np.where(np.arange(FACES) < round(accuracy * FACES), labels, (labels + 1) % 7)
        evaluation = evaluate("served", np.eye(7, dtype=np.float32)[said], faces)
    if change is not None:
        agreement = Agreement(FACES, 0.97, 2, 1, change[0], change[1:], 0.1)
    return ModelResult(
        path=f"models/{name or numbers}.tflite",
        name=name or "four-block",
        numbers=numbers,
        size_bytes=size_bytes,
        parameters=1000,
        macs=1_000_000,
        xnnpack=xnnpack,
        timings=tuple(timings),
        evaluation=evaluation,
        agreement=agreement,
    )


def without_cold_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the processes that a benchmark starts: they take most of its time."""
    monkeypatch.setattr(
        "fer_edge.runtime.measurement.probes.measuring.cold_start", lambda *_: COLD_START
    )


def make_report(*models: ModelResult, reference: int | None = None, **changes: object) -> Report:
    """Return a report of these models on a made-up Raspberry Pi 5."""
    scored = any(model.evaluation for model in models)
    threads = next(
        (tuple(item.threads for item in model.timings) for model in models if model.timings), (1,)
    )
    report = Report(
        made="2026-11-21T12:00:00+00:00",
        command="fer-edge benchmark models/*.tflite",
        device=Device(
            board="Raspberry Pi 5 Model B",
            cpu="unknown",
            machine="aarch64",
            cores=4,
            governor="performance",
            load=0.1,
            system="Linux 6.12",
            versions=("fer-edge 0.1.0", "ai-edge-litert 2.3.0"),
        ),
        conditions=Conditions(60.0, 0.1, 0.9, 45.0, 61.0, 0.02, 0.0),
        plan=Plan(threads=threads),
        faces=FacesInfo("faces.npz", "validation", FACES, FACES, FER2013, "ab" * 32)
        if scored
        else None,
        reference=reference,
        limits=tuple(machine_limit(count, summarize([[10.0]], 0.0)) for count in threads),
        models=models,
    )
    return replace(report, **changes)  # type: ignore[arg-type]


def make_end_to_end(**changes: object) -> EndToEnd:
    """Return the result of a video that the first model read at 80 frames per second."""
    made = EndToEnd(
        source="clips/clip.mp4",
        width_px=640,
        height_px=360,
        source_hz=30.0,
        model=0,
        threads=1,
        opencv_threads=4,
        detector="yunet",
        detect_size_px=320,
        every=5,
        frames=90,
        faces=90,
        frames_per_second=80.0,
        pass_rates_hz=(79.0, 81.0),
        cpu_cores=1.2,
        cpu_ms_per_frame=15.0,
        peak_memory_mib=88.0,
        whole=StageTime("frame", 180, 5.0, 20.0, 12.5),
        stages=(
            StageTime("read", 180, 1.0, 2.0, 1.5),
            StageTime("detect", 36, 12.5, 14.0, 2.5),
            StageTime("track", 180, 0.5, 0.7, 0.5),
            StageTime("crop", 180, 0.2, 0.3, 0.25),
            StageTime("classify", 180, 0.6, 0.9, 0.625),
            StageTime("smooth", 180, 0.02, 0.03, 0.025),
            StageTime("output", 180, 0.1, 0.2, 0.1),
        ),
        camera=CameraPace(30.0, 180, 1, 0.5, 6.0, 21.0),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


FLOAT = make_model("float32", median_ms=3.4, accuracy=0.6, size_bytes=3_900_000)
INT8 = make_model(
    "int8 ptq", median_ms=1.0, accuracy=0.6, size_bytes=1_000_000, change=(-0.001, -0.004, 0.002)
)
