"""Matching of boxes between two frames."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box

_MIN_OVERLAP = 0.3
# a face that moved by less than this share of its size between two detections is the same one ...
_MAX_DISTANCE = 0.8
# ... if it did not grow or shrink by more than this
_MAX_RATIO = 1.6


def overlap(one: Box, other: Box) -> float:
    """Compute the intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (one.area + other.area - common)


def overlaps(ones: Sequence[Box], others: Sequence[Box]) -> NDArray[np.float64]:
    """Compute the intersection over union of every pair; float64, (ones, others), 0 to 1."""
    one, other = _edges(ones)[:, np.newaxis], _edges(others)[np.newaxis]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    common: NDArray[np.float64] = sides.clip(0).prod(axis=-1)
    union = _areas(one) + _areas(other) - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def match(ones: Sequence[Box], others: Sequence[Box]) -> list[tuple[int, int]]:
    """Pair overlapping boxes, the best pair first; each box is in at most one pair."""
    return _best_pairs(overlaps(ones, others), _MIN_OVERLAP)


def match_nearest(ones: Sequence[Box], others: Sequence[Box]) -> list[tuple[int, int]]:
    """Pair boxes of similar size with nearby centers, the nearest first.

    For a face that moved so fast that its boxes do not overlap.
    """
    one, other = _edges(ones)[:, np.newaxis], _edges(others)[np.newaxis]
    size, other_size = np.sqrt(_areas(one)), np.sqrt(_areas(other))
    way = (one[..., :2] + one[..., 2:] - other[..., :2] - other[..., 2:]) / 2
    distance = np.hypot(way[..., 0], way[..., 1]) / np.maximum(size, other_size)
    alike = np.maximum(size, other_size) <= _MAX_RATIO * np.minimum(size, other_size)
    return _best_pairs(np.where(alike, 1 - distance, -1.0), 1 - _MAX_DISTANCE)


def _best_pairs(likeness: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(likeness >= least)
    order = np.argsort(-likeness[rows, columns], kind="stable")
    pairs: list[tuple[int, int]] = []
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if row not in used_rows and column not in used_columns:
            pairs.append((row, column))
            used_rows.add(row)
            used_columns.add(column)
    return pairs


def _edges(boxes: Sequence[Box]) -> NDArray[np.float64]:
    return np.array([box.edges for box in boxes], np.float64).reshape(-1, 4)


def _areas(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = (edges[..., 2:] - edges[..., :2]).prod(axis=-1)
    return areas
