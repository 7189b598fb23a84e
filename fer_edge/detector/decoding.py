"""Conversion of a detector's outputs to boxes, only for cells with a sufficient score."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.card import Head

SAME_FACE_OVERLAP = 0.3
"""If two boxes overlap more than this, the one with the lower score is dropped."""
MOST_CANDIDATES = 5000
"""Number of boxes, by highest score, that are compared with each other."""

_CLASS, _OBJECTNESS = 4, 5
_AT_ONCE = 64


class Decoder:
    """Decodes the outputs of one interpreter.

    It processes all strides together in a few steps: after the network has evicted the CPU caches,
    each call to NumPy costs more than its arithmetic.
    """

    def __init__(self, heads: Sequence[Head], tensors: Sequence[Any], min_score: float) -> None:
        """Prepare the decoder.

        Args:
            heads: Heads from the card.
            tensors: The interpreter's details of the output tensors: `shape`, `dtype`,
                `quantization`.
            min_score: Lowest score, 0 to 1.
        """
        self._least = np.float32(min_score) ** 2
        units = [_units(head, tensor) for head, tensor in zip(heads, tensors, strict=True)]
        # of all heads, so that one comparison selects the cells to compute
        self._lowest_class, self._lowest_objectness = (
            min(
                _lowest(self._least, *unit, at, tensor["dtype"])
                for unit, tensor in zip(units, tensors, strict=True)
            )
            for at in (_CLASS, _OBJECTNESS)
        )
        self._scales, self._offsets = (
            np.stack(parts)
            for parts in zip(*map(_in_pixels, heads, *zip(*units, strict=True)), strict=True)
        )
        grids = [
            _grid(head.stride, tensor["shape"]) for head, tensor in zip(heads, tensors, strict=True)
        ]
        self._places = np.concatenate(grids)
        self._heads = np.repeat(np.arange(len(heads)), [len(grid) for grid in grids])

    def faces(self, outputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Compute the boxes with a sufficient score; a face has several boxes.

        Args:
            outputs: One array per head, (1, rows, columns, 6), as the interpreter returns it.

        Returns:
            float32, (n, 5): left, top, right, bottom in pixels of the input, score 0 to 1.
        """
        cells = np.concatenate([output.reshape(-1, output.shape[-1]) for output in outputs])
        # neither probability is below their product: nearly all cells are rejected by objectness
        # alone
        likely = (cells[:, _OBJECTNESS] >= self._lowest_objectness).nonzero()[0]
        likely = likely[cells[likely, _CLASS] >= self._lowest_class]
        if not len(likely):
            return np.zeros((0, 5), np.float32)
        heads = self._heads[likely]
        numbers = cells[likely] * self._scales[heads]
        numbers += self._offsets[heads]
        centers = numbers[:, :2]
        centers += self._places[likely]
        powers = np.exp(numbers[:, 2:])
        faces = np.empty((len(heads), 5), np.float32)
        np.subtract(centers, powers[:, :2], out=faces[:, :2])
        np.add(centers, powers[:, :2], out=faces[:, 2:4])
        odds = powers[:, 2:]
        odds += 1
        squares = 1 / (odds[:, 0] * odds[:, 1])
        np.sqrt(squares, out=faces[:, 4])
        is_face = squares >= self._least
        if cells.dtype == np.float32:  # comparisons with non-finite numbers are false
            is_face &= faces.max(axis=1) < np.inf
        passing: NDArray[np.float32] = faces[is_face]
        return passing


def _units(head: Head, tensor: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return factor and offset that convert an output to the network's original values."""
    is_float = np.dtype(tensor["dtype"]) == np.float32
    scale, zero_point = (1.0, 0) if is_float else tensor["quantization"]
    # real = (number - zero point) * scale, then the head's own scale and offset
    scales = np.asarray(head.scales, np.float32) * np.float32(scale)
    return scales, np.asarray(head.offsets, np.float32) - scales * zero_point


def _in_pixels(
    head: Head, scales: NDArray[np.float32], offsets: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the units of the computed values: pixels, logarithms of half a side, minus logits."""
    factors = np.array([head.stride, head.stride, 1, 1, -1, -1], np.float32)
    offsets = offsets * factors
    offsets[2:4] += np.log(head.stride / 2)
    return scales * factors, offsets


def _grid(stride: int, shape: Sequence[int]) -> NDArray[np.float32]:
    """Return x and y of each cell of an output, in pixels of the input: float32, (cells, 2)."""
    _, rows, columns, _ = map(int, shape)
    y, x = np.divmod(np.arange(rows * columns), columns)
    grid: NDArray[np.float32] = (np.stack([x, y], axis=1) * stride).astype(np.float32)
    return grid


def _lowest(
    least: float, scales: NDArray[np.float32], offsets: NDArray[np.float32], at: int, dtype: Any
) -> float:
    """Return the largest output value below all values with a sufficient probability."""
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
    """Return the indices of boxes that no better box overlaps; for few boxes Python is faster."""
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
