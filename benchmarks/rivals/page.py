"""Page with the results of the comparison."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np

from fer_edge.faces.faceset import FaceSet
from fer_edge.runtime.device.description import describe_device

from .environments import Rival


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of one system."""

    rival: Rival
    accuracy: float
    accuracy_without_twins: float
    balanced: float
    face_ms: np.ndarray
    frame_ms: np.ndarray
    memory_mb: float


TEXT = Template("""\
---
hide:
  - toc
---

# Rivals

Packages of PyPI and npm that include their weights, next to fer-edge, each in its own environment:
the same $faces faces of FER2013's PublicTest ($clean of them not duplicated in Training) and the
same $frames frames of ${width}x$height pixels, one CPU core for each, $rounds interleaved rounds,
on $cpu ($machine):

    make frontier DATA=faces.npz CLIP=$clip

$table

![Accuracy over latency](../images/frontier.png)

$ratios

- `face` is one 48x48 crop, from raw pixels to the label, with the system's own preprocessing.
- `frame` is a decoded frame through the system's own detector and classifier. fer-edge reads
  every frame like a photograph here, with two passes of its detector; `fer-edge run` on a video
  makes one pass in every fifth frame and tracks the faces in between.
- All of them were trained on FER2013's Training, or their training data is not documented. Ours
  was selected on PublicTest, and so was `fer`'s (its authors validated on it).
- `installed` is everything that pip or npm installed, without pip itself. For `fer` it does not
  include facenet-pytorch and moviepy, which its Haar detector never imports.
- `fer` and `facex` find faces with OpenCV's CascadeClassifier, which OpenCV 5 no longer has, and
  they set no upper bound: their environments have `opencv-contrib-python<5`.
""")


def page_of(
    measured: list[Measured], faces: FaceSet, clip: Path, shape: tuple[int, ...], rounds: int
) -> str:
    """Return the page as Markdown; ratios are relative to the first of `measured`."""
    device, ours = describe_device(), measured[0]
    rows = [
        (
            *("system", "accuracy", "without duplicates", "balanced", "weights"),
            *("face: median, p95", "frame: median, p95", "peak memory", "installed"),
        ),
        ("---",) * 9,
        *map(_row, measured),
    ]
    others = [item for item in measured if not item.rival.name.startswith("fer-edge")]
    return TEXT.substitute(
        faces=f"{len(faces):,}",
        clean=f"{int((~faces.duplicates).sum()):,}",
        frames=shape[0],
        height=shape[1],
        width=shape[2],
        rounds=rounds,
        clip=clip.name,
        cpu=device.cpu,
        machine=device.machine,
        table="\n".join(f"| {' | '.join(row)} |" for row in rows),
        ratios="\n".join(_ratio(item, ours) for item in others),
    )


def _row(item: Measured) -> tuple[str, ...]:
    face, face_p95 = np.percentile(item.face_ms, [50, 95])
    frame, frame_p95 = np.percentile(item.frame_ms, [50, 95])
    return (
        f"{item.rival.name} {item.rival.version}",
        f"{item.accuracy:.2%}",
        f"{item.accuracy_without_twins:.2%}",
        f"{item.balanced:.2%}",
        f"{item.rival.weights.stat().st_size / 1e6:.2f} MB",
        f"{face:.2f}, {face_p95:.2f} ms",
        f"{frame:.1f}, {frame_p95:.1f} ms",
        f"{item.memory_mb:.0f} MB",
        f"{item.rival.installed_mb:,.0f} MB",
    )


def _ratio(item: Measured, ours: Measured) -> str:
    face = np.median(item.face_ms) / np.median(ours.face_ms)
    frame = np.median(item.frame_ms) / np.median(ours.frame_ms)
    return (
        f"- {item.rival.name} takes {face:.1f} times as long as {ours.rival.name} for a face, "
        f"{frame:.1f} times for a frame."
    )
