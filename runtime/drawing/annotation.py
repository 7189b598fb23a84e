"""Drawing of faces and their expressions on a picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box

from ..capture.pixels import as_bgr
from .lettering import font_size, lettering
from .palette import UNCERTAIN_BGR, Color, colors_bgr, ink_on
from .plate import plate, rounded

_ROWS = 3
_SHADE_BGR = (28, 24, 22)
_DIM_BGR = (215, 215, 215)
_LEAST_FACE_WITH_ROWS_PX = 90
_LEAST_FACE_WITH_LABEL_PX = 26
_MOST_HIDDEN = 0.02
_SUBPIXEL_BITS = 4


class Labeled(Protocol):
    """A face with its label and probabilities, such as a `Face`."""

    @property
    def box(self) -> Box:
        """Box in pixels of the picture."""
        ...

    @property
    def label(self) -> str:
        """Label of the face."""
        ...

    @property
    def probability(self) -> float:
        """Probability of the label, 0 to 1."""
        ...

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Probability of each expression by name."""
        ...

    @property
    def track(self) -> int | None:
        """Number of the track."""
        ...


@dataclass(frozen=True, slots=True)
class _Card:
    """The text next to a face.

    Attributes:
        title: Number and label of the face.
        color: Color of the label.
        rows: The most probable expressions with probability and color; empty for a small face.
        size_px: Size of the font.
        width, height: Size in pixels.
    """

    title: str
    color: Color
    rows: tuple[tuple[str, float, Color], ...]
    size_px: int
    width: int
    height: int


def annotate(image: object, faces: Iterable[Labeled]) -> NDArray[np.uint8]:
    """Draw the box, number, label and most probable expressions of each face on a copy of an image.

    Sizes depend on the face, so that crowds and portraits are readable: a small face only has its
    label, a tiny one only its box.

    Args:
        image: Image in a form that `Recognizer.read` accepts, preferably uint8, (height, width, 3),
            BGR.
        faces: Faces recognized in it.

    Returns:
        uint8, (height, width, 3), BGR.

    Raises:
        SourceError: It is not an image.
    """
    drawn: NDArray[np.uint8] = as_bgr(image).copy()
    height, width = drawn.shape[:2]
    shown = [(face, box) for face in faces if (box := _within(face.box, width, height))]
    for face, box in shown:
        _outline(drawn, box, _color(face))
    taken = np.array([box.edges for _, box in shown]).reshape(-1, 4)
    for number, (face, box) in enumerate(shown):
        others = np.delete(taken, number, axis=0)
        best: tuple[float, _Card, int, int] | None = None
        for most_rows in (_ROWS, 0):  # in a crowd only the label
            card = _card(face, box, (width, height), most_rows)
            if card is None or (best and best[0] < _MOST_HIDDEN):
                continue
            hidden, left, top = _place(card, box, others, (width, height))
            if best is None or hidden < best[0]:
                best = hidden, card, left, top
        if best:
            _, card, left, top = best
            _draw_card(drawn, card, left, top)
            taken = np.vstack([taken, [left, top, left + card.width, top + card.height]])
    return drawn


def _within(box: Box, width: int, height: int) -> Box | None:
    """Clip a box to the picture; None if it is completely outside."""
    left, top = max(0.0, box.left), max(0.0, box.top)
    right, bottom = min(width - 1.0, box.right), min(height - 1.0, box.bottom)
    return Box(left, top, right, bottom) if right > left and bottom > top else None


def _color(face: Labeled) -> Color:
    return colors_bgr(tuple(face.probabilities)).get(face.label, UNCERTAIN_BGR)


def _outline(image: NDArray[np.uint8], box: Box, color: Color) -> None:
    """Draw a rounded box with dark edges, so that it is visible on any background."""
    side = min(box.width, box.height)
    line = max(1, round(side / 60))
    # subpixel accuracy: a moving box must not jump
    one = 1 << _SUBPIXEL_BITS
    outline = (rounded(box, 0.08 * side) * one).round().astype(np.int32)
    rims = ((_SHADE_BGR, line + 2), (color, line)) if line > 1 else ((color, line),)
    for tone, thickness in rims:
        cv2.polylines(image, [outline], True, tone, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)


def _card(face: Labeled, box: Box, size: tuple[int, int], most_rows: int) -> _Card | None:
    width, height = size
    if box.height < _LEAST_FACE_WITH_LABEL_PX:
        return None
    least = min(22.0, max(11.0, min(width, height) / 45))
    size_px = font_size(min(max(box.height / 13, least), 40.0, height / 6))
    title = face.label if face.track is None else f"{face.track}  {face.label}"
    rows: tuple[tuple[str, float, Color], ...] = ()
    if most_rows and box.height >= _LEAST_FACE_WITH_ROWS_PX:
        labels, shares = tuple(face.probabilities), tuple(face.probabilities.values())
        order = np.argsort(shares)[::-1][:most_rows]
        colors = colors_bgr(labels)
        rows = tuple((labels[i], shares[i], colors[labels[i]]) for i in order)
    else:
        title = f"{title}  {face.probability:.0%}"
    line = _line_height(size_px)
    inner = lettering(title, size_px).shape[1]
    if rows:  # over all labels, so that the width is constant
        names = max(lettering(name, size_px).shape[1] for name in face.probabilities)
        inner = max(inner, names + lettering("  100%", size_px).shape[1])
    card = _Card(
        title=title,
        color=_color(face),
        rows=rows,
        size_px=size_px,
        width=inner + line,
        height=line + (len(rows) * (line + line // 4) + line // 3 if rows else 0),
    )
    return card if card.width <= width and card.height <= height else None


def _line_height(size_px: int) -> int:
    return round(1.45 * size_px)


def _place(
    card: _Card, box: Box, taken: NDArray[np.float64], size: tuple[int, int]
) -> tuple[float, int, int]:
    """Place a card where it hides least: above, below, right, left, or inside at the bottom.

    Returns:
        Hidden share (0 nothing, 1 as much as the size of the card), left, top.
    """
    gap = max(2, card.size_px // 4)
    width, height = size
    x = min(max(0, round(box.left)), width - card.width)
    x_end = min(max(0, round(box.right) - card.width), width - card.width)
    y = min(max(0, round(box.top)), height - card.height)
    above, below = round(box.top) - card.height - gap, round(box.bottom) + gap
    places = [
        *((x, above), (x, below), (x_end, above), (x_end, below)),
        *((round(box.right) + gap, y), (round(box.left) - card.width - gap, y)),
    ]
    # inside at the bottom hides the face itself
    best = (0.6, x, max(0, min(round(box.bottom) - card.height - gap, height - card.height)))
    for left, top in places:
        right, bottom = left + card.width, top + card.height
        if left < 0 or top < 0 or right > width or bottom > height:
            continue
        across = np.minimum(right, taken[:, 2]) - np.maximum(left, taken[:, 0])
        down = np.minimum(bottom, taken[:, 3]) - np.maximum(top, taken[:, 1])
        hidden = float((across.clip(0) * down.clip(0)).sum()) / (card.width * card.height)
        if hidden < best[0]:
            best = (hidden, left, top)
        if hidden == 0:
            break
    return best


def _draw_card(image: NDArray[np.uint8], card: _Card, left: int, top: int) -> None:
    area = image[top : top + card.height, left : left + card.width]
    radius = max(2, card.size_px // 3)
    line, margin = _line_height(card.size_px), _line_height(card.size_px) // 2
    _blend(area, plate(card.width, card.height, radius), _SHADE_BGR, 0.72)
    head = area[:line]
    _blend(head, plate(card.width, card.height, radius)[:line], card.color, 1.0)
    _write(head, card.title, card.size_px, margin, line, ink_on(card.color))
    step = line + line // 4
    for i, (name, share, color) in enumerate(card.rows):
        row = area[line + line // 6 + i * step :][:step]
        _write(row, name, card.size_px, margin, line, _DIM_BGR)
        percent = f"{share:.0%}"
        right = card.width - margin - lettering(percent, card.size_px).shape[1]
        _write(row, percent, card.size_px, right, line, (255, 255, 255))
        thick = max(2, card.size_px // 6)
        bar = row[line - thick // 2 :][:thick, margin : card.width - margin]
        bar[:] = (0.6 * bar + 0.4 * np.array((120, 120, 120))).astype(np.uint8)
        bar[:, : round(bar.shape[1] * min(1.0, max(0.0, share)))] = color


def _write(
    area: NDArray[np.uint8], text: str, size_px: int, left: int, line: int, color: Color
) -> None:
    """Write text into the first `line` rows of an area, vertically centered."""
    ink = lettering(text, size_px)
    top = max(0, (line - ink.shape[0]) // 2)
    spot = area[top : top + ink.shape[0], left : left + ink.shape[1]]
    _blend(spot, ink[: spot.shape[0], : spot.shape[1]], color, 1.0)


def _blend(area: NDArray[np.uint8], mask: NDArray[np.uint8], color: Color, most: float) -> None:
    share = (mask[: area.shape[0], : area.shape[1], np.newaxis] * (most / 255)).astype(np.float32)
    area[:] = (area + share * (np.array(color, np.float32) - area) + 0.5).astype(np.uint8)
