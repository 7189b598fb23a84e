"""From a detector's outputs to boxes: only cells whose score passes are computed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.card import Head

SAME_FACE_OVERLAP = 0.3
"""Of two boxes that overlap more, the one with the lower score is dropped."""
MOST_CANDIDATES = 5000
"""So many boxes of the highest scores are compared with each other."""

_CLASS, _OBJECTNESS = 4, 5
_AT_ONCE = 64


class Decoder:
    """Reads the outputs of one interpreter."""

    def __init__(self, heads: Sequence[Head], tensors: Sequence[Any], min_score: float) -> None:
        """Prepare it.

        Args:
            heads: From the card.
            tensors: The interpreter's details of their outputs: `shape`, `dtype`, `quantization`.
            min_score: 0 to 1.
        """
        self._least = np.float32(min_score) ** 2
        shapes = [tuple(map(int, tensor["shape"])) for tensor in tensors]
        counts = [rows * columns for _, rows, columns, _ in shapes]
        self._ends = np.cumsum(counts)
        self._starts = self._ends - counts
        self._columns = np.array([columns for _, _, columns, _ in shapes])
        self._strides = np.array([[head.stride] for head in heads], np.float32)
        units = [_units(head, tensor) for head, tensor in zip(heads, tensors, strict=True)]
        self._scales = np.stack([scales for scales, _ in units])
        self._offsets = np.stack([offsets for _, offsets in units])
        # of all heads, so that one comparison serves them: what it lets through is computed
        self._lowest_class, self._lowest_objectness = (
            min(
                _lowest(self._least, *unit, at, tensor["dtype"])
                for unit, tensor in zip(units, tensors, strict=True)
            )
            for at in (_CLASS, _OBJECTNESS)
        )

    def faces(self, outputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Compute the boxes whose score passes; a face has several.

        Args:
            outputs: Of each head, (1, rows, columns, 6), as the interpreter gives them.

        Returns:
            float32, (n, 5): left, top, right, bottom in pixels of the input, score 0 to 1.
        """
        cells = np.concatenate([output.reshape(-1, output.shape[-1]) for output in outputs])
        # neither probability is below their product: nearly all cells fail by their objectness
        likely = (cells[:, _OBJECTNESS] >= self._lowest_objectness).nonzero()[0]
        likely = likely[cells[likely, _CLASS] >= self._lowest_class]
        if not len(likely):
            return np.zeros((0, 5), np.float32)
        heads = self._ends.searchsorted(likely, side="right")
        real = cells[likely] * self._scales[heads]
        real += self._offsets[heads]
        probabilities = 1 / (1 + np.exp(-real[:, _CLASS:]))
        squares = probabilities[:, 0] * probabilities[:, 1]
        rows, columns = np.divmod(likely - self._starts[heads], self._columns[heads])
        real[:, 0] += columns
        real[:, 1] += rows
        halves = np.exp(real[:, 2:4])
        halves *= np.float32(0.5)
        faces = np.empty((len(heads), 5), np.float32)
        np.subtract(real[:, :2], halves, out=faces[:, :2])
        np.add(real[:, :2], halves, out=faces[:, 2:4])
        faces[:, :4] *= self._strides[heads]
        np.sqrt(squares, out=faces[:, 4])
        # a number that is not finite passes no comparison
        passing: NDArray[np.float32] = faces[
            (squares >= self._least) & (faces.max(axis=1) < np.inf)
        ]
        return passing


def _units(head: Head, tensor: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what takes an output's numbers to the network's own: times one, plus the other."""
    is_float = np.dtype(tensor["dtype"]) == np.float32
    scale, zero_point = (1.0, 0) if is_float else tensor["quantization"]
    # real = (number - zero point) * scale, then the head's own scale and offset
    scales = np.asarray(head.scales, np.float32) * np.float32(scale)
    return scales, np.asarray(head.offsets, np.float32) - scales * zero_point


def _lowest(
    least: float, scales: NDArray[np.float32], offsets: NDArray[np.float32], at: int, dtype: Any
) -> float:
    """Return a number of the output that is just below every one whose probability passes."""
    logit = np.log(max(least, 1e-12)) - np.log(max(1 - least, 1e-12))
    number = float((logit - offsets[at]) / scales[at])
    if np.dtype(dtype) == np.float32:
        return number - 1e-3
    ends = np.iinfo(dtype)
    return int(np.clip(np.floor(number), ends.min, ends.max))


def without_doubles(faces: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep the best box of each face (non-maximum suppression).

    Args:
        faces: float32, (n, 5): left, top, right, bottom, score.

    Returns:
        float32, (n, 5), the best first.
    """
    left = faces[np.argsort(-faces[:, 4], kind="stable")[:MOST_CANDIDATES]]
    kept: list[NDArray[np.float32]] = []
    while len(left):
        some, left = left[:_AT_ONCE], left[_AT_ONCE:]
        best = some[_best_of(some.tolist())]
        kept.append(best)
        if len(left):
            left = left[~(overlaps(left, best) > SAME_FACE_OVERLAP).any(axis=1)]
    return np.concatenate(kept) if kept else faces[:0]


def _best_of(faces: list[list[float]]) -> list[int]:
    """Return the places of those that no better one overlaps; of a few, Python is the faster."""
    chosen: list[int] = []
    kept: list[tuple[float, float, float, float, float]] = []
    for at, (left, top, right, bottom, _) in enumerate(faces):
        area = (right - left) * (bottom - top)
        for other_left, other_top, other_right, other_bottom, other_area in kept:
            if left >= other_right or right <= other_left:
                continue
            if top >= other_bottom or bottom <= other_top:
                continue
            common = min(right, other_right) - max(left, other_left)
            common *= min(bottom, other_bottom) - max(top, other_top)
            if common > SAME_FACE_OVERLAP * (area + other_area - common):
                break
        else:
            chosen.append(at)
            kept.append((left, top, right, bottom, area))
    return chosen


def overlaps(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute the intersection over union of every pair; float32, (ones, others)."""
    one, other = ones[:, np.newaxis], others[np.newaxis]
    sides = np.minimum(one[..., 2:4], other[..., 2:4]) - np.maximum(one[..., :2], other[..., :2])
    np.maximum(sides, 0, out=sides)
    common: NDArray[np.float32] = sides[..., 0] * sides[..., 1]
    common /= _areas(one) + _areas(other) - common + np.float32(1e-6)
    return common


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    areas: NDArray[np.float32] = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return areas
