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
        self._heads = [_HeadDecoder(*pair, min_score) for pair in zip(heads, tensors, strict=True)]

    def faces(self, outputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Compute the boxes whose score passes; a face has several.

        Args:
            outputs: Of each head, (1, rows, columns, 6), as the interpreter gives them.

        Returns:
            float32, (n, 5): left, top, right, bottom in pixels of the input, score 0 to 1.
        """
        found = [head.cells(out) for head, out in zip(self._heads, outputs, strict=True)]
        found = [cells for cells in found if len(cells)]
        if not found:
            return np.zeros((0, 5), np.float32)
        # score, column, row, stride, then four numbers of the box
        cells = np.concatenate(found)
        strides = cells[:, 3:4]
        centres = (cells[:, 1:3] + cells[:, 4:6]) * strides
        halves = np.exp(cells[:, 6:8]) * (strides * np.float32(0.5))
        faces = np.concatenate([centres - halves, centres + halves, cells[:, :1]], axis=1)
        finite: NDArray[np.float32] = faces[np.isfinite(faces).all(axis=1)]
        return finite


class _HeadDecoder:
    """Reads one output."""

    def __init__(self, head: Head, tensor: Any, min_score: float) -> None:
        self._least = np.float32(min_score) ** 2
        self._stride = head.stride
        self._columns = int(tensor["shape"][2])
        dtype = np.dtype(tensor["dtype"])
        scale, zero_point = (1.0, 0) if dtype == np.float32 else tensor["quantization"]
        # real = (number - zero point) * scale, then the head's own scale and offset
        self._scales = np.asarray(head.scales, np.float32) * np.float32(scale)
        self._offsets = np.asarray(head.offsets, np.float32) - self._scales * zero_point
        # a byte has few probabilities: a table in the order of the numbers, and the lowest of them
        # that can pass, since neither probability is below their product
        self._first, self._tables = 0, list[NDArray[np.float32]]()
        if dtype.itemsize == 1:
            ends = np.iinfo(dtype)
            self._first = int(ends.min)
            numbers = np.arange(ends.min, ends.max + 1, dtype=np.float32)
            self._tables = [self._probability(numbers, at) for at in (_CLASS, _OBJECTNESS)]
            self._lowest = [
                int(np.searchsorted(table, self._least)) + self._first for table in self._tables
            ]

    def cells(self, output: NDArray[Any]) -> NDArray[np.float32]:
        """Return the cells whose score passes: float32, (n, 8), as `Decoder.faces` reads them."""
        numbers = output.reshape(-1, output.shape[-1])
        passing, scores = self._passing(numbers)
        cells = np.empty((len(passing), 8), np.float32)
        if len(passing):
            cells[:, 0] = scores
            cells[:, 2], cells[:, 1] = np.divmod(passing, self._columns)
            cells[:, 3] = self._stride
            cells[:, 4:] = numbers[passing, :4] * self._scales[:4] + self._offsets[:4]
        return cells

    def _passing(self, numbers: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Find the cells whose score passes, and their scores."""
        if self._tables:
            is_likely = numbers[:, _CLASS] >= self._lowest[0]
            is_likely &= numbers[:, _OBJECTNESS] >= self._lowest[1]
            likely = np.flatnonzero(is_likely)
            places = numbers[likely, _CLASS:].astype(np.intp) - self._first
            squares = self._tables[0][places[:, 0]] * self._tables[1][places[:, 1]]
        else:
            likely = np.arange(len(numbers))
            squares = self._probability(numbers[:, _CLASS], _CLASS)
            squares *= self._probability(numbers[:, _OBJECTNESS], _OBJECTNESS)
        passes = squares >= self._least
        return likely[passes], np.sqrt(squares[passes])

    def _probability(self, numbers: NDArray[Any], channel: int) -> NDArray[np.float32]:
        logits = numbers * self._scales[channel] + self._offsets[channel]
        probability: NDArray[np.float32] = 1 / (1 + np.exp(-logits))
        return probability


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
        # all pairs of a few at once: for a handful of faces that is the whole of it
        some, left = left[:_AT_ONCE], left[_AT_ONCE:]
        same = overlaps(some, some) > SAME_FACE_OVERLAP
        chosen: list[int] = []
        is_double = np.zeros(len(some), bool)
        for at in range(len(some)):
            if not is_double[at]:
                chosen.append(at)
                is_double |= same[at]
        best = some[chosen]
        kept.append(best)
        if len(left):
            left = left[~(overlaps(left, best) > SAME_FACE_OVERLAP).any(axis=1)]
    return np.concatenate(kept) if kept else faces[:0]


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
