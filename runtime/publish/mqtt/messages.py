"""The messages for a frame, as plain data for JSON."""

import time
from collections.abc import Sequence
from typing import Any

from ...recognition.result import Face
from ...timing.wall_clock import utc_text

NOBODY = "none"
"""Expression of a picture without a face, in events and for Home Assistant."""
_MAX_FACES = 24


def as_state(faces: Sequence[Face]) -> dict[str, Any]:
    """Return the largest face's label, and every face with its scores.

    `label` and `probability` are null without a face; `time` is UTC. `faces` has at most 24
    entries, so that a crowd does not exceed a broker's message limit; `count` includes all.
    """
    return {
        "time": utc_text(time.time()),
        "count": len(faces),
        "label": faces[0].label if faces else None,
        "probability": round(faces[0].probability, 4) if faces else None,
        "faces": [
            {
                "track": face.track,
                "label": face.label,
                "scores": {label: round(share, 4) for label, share in face.probabilities.items()},
            }
            for face in faces[:_MAX_FACES]
        ],
    }


def unseen_state() -> dict[str, Any]:
    """Return the state of a run without a frame so far, with an unknown number of faces."""
    return as_state(()) | {"count": None}


def as_scores(faces: Sequence[Face], labels: Sequence[str]) -> dict[str, float | None]:
    """Return the largest face's expressions in percent; null without a face."""
    if not faces:
        return dict.fromkeys(labels)
    return {label: round(100 * share, 1) for label, share in faces[0].probabilities.items()}


def as_event(before: str | None, faces: Sequence[Face]) -> dict[str, Any]:
    """Return an event for a new label of the largest face; `none` is a picture without a face."""
    return {
        "time": utc_text(time.time()),
        "event_type": faces[0].label if faces else NOBODY,
        "before": before or NOBODY,
        "track": faces[0].track if faces else None,
    }
