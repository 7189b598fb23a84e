"""Motion of faces between two gray images: pyramidal Lucas-Kanade on a few corners.

Bouguet, "Pyramidal Implementation of the Lucas Kanade Feature Tracker", Intel 2000; the corners are
those of Shi and Tomasi, "Good Features to Track", CVPR 1994. The motion of a face is the median
shift and the median scale of its corners, so a few corners on the background have no effect.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box

from ..detection.shrinking import halved

MAX_CORNERS = 24
MIN_CORNERS = 4

_WINDOW_PX = 15
# Number of halvings in the pyramid. The first ones are skipped while the smallest face stays this
# high: a halved image has a quarter of the gradients, which cost more than tracking the corners.
_LEVELS = 2
_ENOUGH_PX = 48
# number of steps, and the last step in pixels; OpenCV's defaults, 30 and 0.01, change a corner by
# less than 0.01 pixels and take a tenth longer
_STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
# mean difference of gray values in the window around a corner, before and after
_MAX_DIFFERENCE = 20.0
# largest motion between two frames, in sides of the box; scale as a factor
_MAX_SHIFT = 0.6
_MAX_SCALE = 1.25
# corners farther from their expected position are dropped, in sides of the box
_MAX_STRAY = 0.08


@dataclass(frozen=True, slots=True)
class Motion:
    """The motion of a face between two images.

    Attributes:
        box: New position of its box.
        corners: float32, (n, 2), x and y in pixels: the corners that moved with it.
    """

    box: Box
    corners: NDArray[np.float32]


def find_corners(gray: NDArray[np.uint8], box: Box, most: int = MAX_CORNERS) -> NDArray[np.float32]:
    """Find corners that can be tracked.

    Args:
        gray: uint8, (height, width).
        box: Area to search.
        most: Largest number of corners.

    Returns:
        float32, (n, 2), x and y in pixels; n may be 0.
    """
    left, top = max(0, int(box.left)), max(0, int(box.top))
    part = gray[top : max(top, int(box.bottom)), left : max(left, int(box.right))]
    if min(part.shape) < 3:
        return np.zeros((0, 2), np.float32)
    # OpenCV returns None, not an empty array, if it finds nothing; its stubs omit that
    found: Any = cv2.goodFeaturesToTrack(part, most, 0.01, max(2.0, min(part.shape) / 16))
    if found is None:
        return np.zeros((0, 2), np.float32)
    corners: NDArray[np.float32] = found.reshape(-1, 2) + np.array([left, top], np.float32)
    return corners


def follow(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    faces: Sequence[tuple[Box, NDArray[np.float32]]],
) -> list[Motion | None]:
    """Track faces from one gray image to the next.

    Args:
        before: uint8, (height, width).
        after: uint8, of the same size.
        faces: The box and the corners of each, in `before`.

    Returns:
        The motion of each face; None for a lost one: fewer than four corners are found again and
        agree, or the motion is implausible.
    """
    counts = [len(corners) for _, corners in faces]
    if not sum(counts):
        return [None] * len(faces)
    corners = np.concatenate([corners for _, corners in faces])
    part, origin = _around([box for box, _ in faces], before.shape)
    ones, others = before[part], after[part]
    halvings = _halvings(min(box.height for box, _ in faces), min(ones.shape))
    for _ in range(halvings):
        ones, others = halved(ones), halved(others)
    scale = np.float32(2**halvings)
    # the stubs do not allow None for points without an initial guess
    moved, found, difference = cv2.calcOpticalFlowPyrLK(  # type: ignore[call-overload]
        ones,
        others,
        (corners - origin) / scale,
        None,
        winSize=(_WINDOW_PX, _WINDOW_PX),
        maxLevel=_LEVELS - halvings,
        criteria=_STEPS,
    )
    moved *= scale
    moved += origin
    is_good = (found[:, 0] == 1) & (difference[:, 0] < _MAX_DIFFERENCE)
    motions, start = [], 0
    for (box, _), count in zip(faces, counts, strict=True):
        good = np.flatnonzero(is_good[start : start + count]) + start
        motions.append(_common_motion(box, corners[good], moved[good], after.shape))
        start += count
    return motions


def _halvings(face_px: float, image_px: int) -> int:
    """Return how often an image is halved, given its smallest face and its shorter side."""
    allowed = min(face_px / _ENOUGH_PX, image_px / _WINDOW_PX)
    return min(_LEVELS, int(math.log2(max(1.0, allowed))))


def _around(
    boxes: Sequence[Box], shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
    """Return the part of an image that faces can have reached, and its x and y.

    The pyramids of the flow cost more than tracking the corners.
    """
    way = _WINDOW_PX + _MAX_SHIFT * max(max(box.width, box.height) for box in boxes)
    left = max(0, int(min(box.left for box in boxes) - way))
    top = max(0, int(min(box.top for box in boxes) - way))
    right = min(shape[1], int(max(box.right for box in boxes) + way))
    bottom = min(shape[0], int(max(box.bottom for box in boxes) + way))
    return (slice(top, bottom), slice(left, right)), np.array([left, top], np.float32)


def _common_motion(
    box: Box,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    shape: tuple[int, ...],
) -> Motion | None:
    if len(before) < MIN_CORNERS:
        return None
    middle = len(before) // 2
    side = max(box.width, box.height)
    shift = np.sort(after - before, axis=0)[middle]
    center = np.sort(before, axis=0)[middle]
    rays, moved_rays = before - center, after - (center + shift)
    lengths = np.sqrt((rays * rays).sum(axis=1))
    moved_lengths = np.sqrt((moved_rays * moved_rays).sum(axis=1))
    is_long = lengths > 0.1 * side
    if np.count_nonzero(is_long) < MIN_CORNERS:
        return None
    scales = np.sort(moved_lengths[is_long] / lengths[is_long])
    scale = float(scales[len(scales) // 2])
    stray = moved_rays - scale * rays
    follows = (stray * stray).sum(axis=1) < max(1.0, _MAX_STRAY * side) ** 2
    kept = np.count_nonzero(follows)
    shift_x, shift_y = float(shift[0]), float(shift[1])
    if (
        kept < MIN_CORNERS
        or 2 * kept < len(before)
        or not 1 / _MAX_SCALE < scale < _MAX_SCALE
        or max(abs(shift_x), abs(shift_y)) > _MAX_SHIFT * side
    ):
        return None
    x = float(center[0]) + shift_x + scale * ((box.left + box.right) / 2 - float(center[0]))
    y = float(center[1]) + shift_y + scale * ((box.top + box.bottom) / 2 - float(center[1]))
    if not (0 <= x < shape[1] and 0 <= y < shape[0]):
        return None
    half_width, half_height = scale * box.width / 2, scale * box.height / 2
    return Motion(
        Box(x - half_width, y - half_height, x + half_width, y + half_height), after[follows]
    )
