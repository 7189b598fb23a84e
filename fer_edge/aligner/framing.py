"""Framing of a face set: how large, centered and upright its faces are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import model_input

if TYPE_CHECKING:
    from fer_edge.aligner.aligner import Aligner

_MOST_FACES = 600
_TILTED_DEGREES = 15.0
_USUAL_SIZES = (0.9, 1.18)
"""FER2013's Training measures 1.03. 10% more or less costs `compact` and `tiny` a point at most."""
_USUAL_SHIFT = 0.06


@dataclass(frozen=True, slots=True)
class Framing:
    """Median framing of a set's faces, relative to FER2013's.

    Attributes:
        faces: Number of faces that were measured.
        size: Size of a face in its picture, as a factor.
        x: Shift of its center to the right, in sides of the picture.
        y: Shift of its center downward, in sides of the picture.
        tilted: Share of faces turned by more than 15 degrees, 0 to 1.
    """

    faces: int
    size: float
    x: float
    y: float
    tilted: float

    @property
    def is_usual(self) -> bool:
        """Whether the faces are framed as the bundled models expect."""
        low, high = _USUAL_SIZES
        return low <= self.size <= high and max(abs(self.x), abs(self.y)) <= _USUAL_SHIFT


def framing_of(images: NDArray[np.uint8], aligner: "Aligner") -> Framing | None:
    """Measure the framing of a set's pictures; None without a picture that shows something.

    Args:
        images: uint8, (n, height, width), gray. At most 600, evenly spaced, are measured.
        aligner: Open aligner.
    """
    shown = np.flatnonzero(np.ptp(images, axis=(1, 2)))
    if not len(shown):
        return None
    rows = shown[np.linspace(0, len(shown) - 1, min(len(shown), _MOST_FACES)).round().astype(int)]
    card = aligner.file.card
    squares = [model_input(image, card.height, card.width) for image in images[rows]]
    rolls, log_sizes, x, y = aligner.offsets(np.stack(squares)).T
    return Framing(
        faces=len(rows),
        size=_rounded(np.exp(np.median(log_sizes))),
        x=_rounded(np.median(x)),
        y=_rounded(np.median(y)),
        tilted=_rounded((abs(rolls) > _TILTED_DEGREES).mean()),
    )


def _rounded(number: float) -> float:
    return round(float(number), 2) + 0.0  # never -0.0


def describe_framing(framing: Framing) -> str:
    """Describe a framing in a sentence, with advice if models expect another one."""
    text = (
        f"framing, relative to FER2013: size {framing.size:.2f}, shift right {framing.x:.2f}, "
        f"shift down {framing.y:.2f}; {framing.tilted:.0%} of the faces are tilted by more than "
        f"{_TILTED_DEGREES:.0f} degrees"
    )
    if framing.is_usual:
        return text
    return f"{text}\nthe bundled models expect other crops: {_advice(framing)}, or train on these"


def _advice(framing: Framing) -> str:
    low, high = _USUAL_SIZES
    steps = []
    if framing.size < low:
        steps.append("crop closer to the faces")
    elif framing.size > high:
        steps.append("leave more room around the faces")
    if max(abs(framing.x), abs(framing.y)) > _USUAL_SHIFT:
        steps.append("center the faces")
    return " and ".join(steps)
