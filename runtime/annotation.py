"""Drawing readings onto a picture."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.labels import drawable

from .result import Reading

# BGR; one hue per expression of FER2013 and FER+
_COLOURS = {
    "angry": (60, 60, 230),
    "disgust": (60, 160, 60),
    "fear": (200, 80, 160),
    "happy": (40, 190, 240),
    "sad": (220, 140, 60),
    "surprise": (60, 140, 255),
    "neutral": (170, 170, 170),
    "contempt": (150, 150, 40),
}
_COLOURS |= {
    "anger": _COLOURS["angry"],
    "happiness": _COLOURS["happy"],
    "sadness": _COLOURS["sad"],
}
_OTHERS = tuple(dict.fromkeys(hue for name, hue in _COLOURS.items() if name != "neutral"))
"""For other labels, in turn."""
_UNCERTAIN = (200, 200, 200)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BARS = 3


def annotate(image: NDArray[np.uint8], readings: Sequence[Reading]) -> NDArray[np.uint8]:
    """Draw boxes, labels and the likeliest expressions' bars onto a copy of an image.

    Args:
        image: uint8, (height, width, 3), BGR.
        readings: What was read in it.

    Returns:
        uint8, (height, width, 3), BGR.
    """
    drawn: NDArray[np.uint8] = image.copy()
    for reading in readings:
        _draw(drawn, reading)
    return drawn


def _draw(image: NDArray[np.uint8], reading: Reading) -> None:
    height, width = image.shape[:2]
    box = reading.box
    colours = _colours(reading.labels)
    colour = colours.get(reading.label, _UNCERTAIN)
    # sizes follow the face, so that a crowd and a portrait are both readable
    scale = float(np.clip(box.height / 220, 0.4, 2.0))
    line = max(1, round(2 * scale))
    left, top = max(0, round(box.left)), max(0, round(box.top))
    right, bottom = min(width - 1, round(box.right)), min(height - 1, round(box.bottom))
    cv2.rectangle(image, (left, top), (right, bottom), colour, line, cv2.LINE_AA)

    order = np.argsort(reading.probabilities)[::-1][:_BARS]
    rows = [(reading.labels[i], reading.probabilities[i]) for i in order]
    texts = [f"{drawable(label)} {probability:.0%}" for label, probability in rows]
    sizes = [cv2.getTextSize(text, _FONT, 0.6 * scale, line)[0] for text in texts]
    row_height = round(max(size[1] for size in sizes) * 1.8)
    panel_width = min(width, max(size[0] for size in sizes) + 2 * row_height // 2)
    panel_height = row_height * len(rows)
    # above the face where there is room, else below, else inside at the bottom
    y = top - panel_height if top >= panel_height else min(bottom, height - panel_height)
    y, x = max(0, y), max(0, min(left, width - panel_width))
    panel = image[y : y + panel_height, x : x + panel_width]
    panel[:] = (panel * 0.35).astype(np.uint8)
    for i, ((label, probability), text) in enumerate(zip(rows, texts, strict=True)):
        row = panel[i * row_height : (i + 1) * row_height]
        bar = round(panel.shape[1] * probability)
        row[:, :bar] = (0.45 * row[:, :bar] + 0.55 * np.array(colours[label])).astype(np.uint8)
        baseline = y + i * row_height + round(row_height * 0.72)
        cv2.putText(
            image,
            text,
            (x + row_height // 3, baseline),
            _FONT,
            0.6 * scale,
            (255, 255, 255),
            max(1, line - 1),
            cv2.LINE_AA,
        )


def _colours(labels: tuple[str, ...]) -> dict[str, tuple[int, int, int]]:
    return {
        label: _COLOURS.get(label.lower(), _OTHERS[i % len(_OTHERS)])
        for i, label in enumerate(labels)
    }
