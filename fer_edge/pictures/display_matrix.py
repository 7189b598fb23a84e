"""The display matrix of a video frame: how a player rotates and mirrors it."""

import math
from contextlib import suppress
from typing import Any

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

Matrix = tuple[tuple[int, int], tuple[int, int]]
"""Direction that a step to the right becomes, and a step down."""

_TURNS = {
    # directions that one step to the right and one step down become by the display matrix
    ((1, 0), (0, 1)): (),
    ((0, 1), (-1, 0)): (cv2.ROTATE_90_CLOCKWISE,),
    ((-1, 0), (0, -1)): (cv2.ROTATE_180,),
    ((0, -1), (1, 0)): (cv2.ROTATE_90_COUNTERCLOCKWISE,),
}
_BY_ROTATION: dict[int, Matrix] = {
    # counterclockwise, in degrees
    90: ((0, -1), (1, 0)),
    -90: ((0, 1), (-1, 0)),
    180: ((-1, 0), (0, -1)),
    -180: ((-1, 0), (0, -1)),
}
_NEARLY_ALONG_AN_AXIS = 0.1
"""Largest share of a step off its axis, about 6 degrees."""


class _SideData(SideDataContainer):
    """Side data of a frame, up to the first one that PyAV does not know, such as EXIF."""

    def __init__(self, frame: VideoFrame) -> None:
        with suppress(ValueError):
            super().__init__(frame)  # type: ignore[call-arg]


def display_matrix(frame: VideoFrame) -> Matrix | None:
    """Return the directions of a step right and a step down by the display matrix.

    The size of the steps is ignored, as players do. None without a matrix, or if it is empty. The
    directions of an oblique rotation have two components: see `can_turn`.
    """
    # `frame.side_data` references the container, which references the frame: only Python's
    # garbage collector would free such a frame, after about a hundred of them
    container: Any = _SideData
    data: Any = container(frame).get("DISPLAYMATRIX")
    if data is None:  # or it follows one that PyAV does not know: mirroring is not known then
        return _BY_ROTATION.get(frame.rotation)
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(data), np.int32)[:5])
    return None if not (a or b) or not (c or d) else (_direction(a, b), _direction(c, d))


def can_turn(matrix: Matrix) -> bool:
    """Return whether `upright` can apply a matrix: its rotation is a multiple of 90 degrees."""
    return _unmirrored(matrix) in _TURNS


def upright(image: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.uint8]:
    """Rotate an image, uint8 (height, width, channels), by a frame's display matrix."""
    plain = _unmirrored(matrix)
    if plain != matrix:  # mirrored, as by the front camera of a phone
        image = np.asarray(cv2.flip(image, 1), np.uint8)
    for turn in _TURNS.get(plain, ()):
        image = np.asarray(cv2.rotate(image, turn), np.uint8)
    return image


def _unmirrored(matrix: Matrix) -> Matrix:
    right, down = matrix
    if right[0] * down[1] - right[1] * down[0] < 0:
        right = (-right[0], -right[1])
    return right, down


def _direction(x: int, y: int) -> tuple[int, int]:
    length = math.hypot(x, y)
    return _sign(x / length), _sign(y / length)


def _sign(share: float) -> int:
    return 0 if abs(share) < _NEARLY_ALONG_AN_AXIS else int(math.copysign(1, share))
