"""One frame's results as plain data for JSON: what JSON lines, the web page and MQTT all send."""

from dataclasses import fields
from typing import Any

from .result import Face, Result, StageTimes

STAGES = tuple(field.name.removesuffix("_ms") for field in fields(StageTimes))
"""The stages of one frame in their order: detect, track, crop, classify, smooth."""


def as_record(result: Result) -> dict[str, Any]:
    """Return one frame's results as plain data for JSON.

    `box` is [left, top, right, bottom] in pixels of the frame; `scores` has every expression's
    probability; `times_ms` has the wall time of each stage and their sum; `dropped` counts the
    frames that a live source has dropped since the start; `track` is null where faces are not
    followed.
    """
    times_ms = {stage: round(getattr(result.times, f"{stage}_ms"), 3) for stage in STAGES}
    return {
        "frame": result.frame.index,
        "time_s": round(result.frame.time_s, 4),
        "source": result.frame.name,
        "dropped": result.dropped,
        "times_ms": {**times_ms, "total": round(result.times.total_ms, 3)},
        "faces": [_face(face) for face in result.faces],
    }


def _face(face: Face) -> dict[str, Any]:
    return {
        "track": face.track,
        "box": [round(edge, 1) for edge in face.box.edges],
        "detection": round(face.detection, 4),
        "label": face.label,
        "scores": {
            label: round(probability, 4)
            for label, probability in zip(face.labels, face.probabilities, strict=True)
        },
    }
