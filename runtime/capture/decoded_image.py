"""A video frame as decoded; conversions are made on demand."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .frame import Gray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from fer_edge.pictures.display_matrix import Matrix

_LUMA_FIRST = frozenset(
    f"yuv{kind}" for kind in ("420p", "422p", "444p", "440p", "411p", "j420p", "j422p", "j444p")
) | {"nv12", "nv21", "nv16"}
"""Pixel formats of eight bits whose first plane is the brightness of each pixel."""
_FULL_RANGE_PREFIX, _FULL_RANGE = "yuvj", 2
"""FFmpeg's full-range formats, and its AVColorRange for full range."""
_LUMA_SPACES = frozenset((1, 2, 4, 5, 6, 7))
"""FFmpeg's AVColorSpace: BT.709, undeclared, and the variants of BT.601."""


Convert = Callable[["VideoFrame", tuple[int, int], "Matrix | None"], NDArray[np.uint8]]
"""See `FrameConversion.to_bgr`."""


class DecodedImage:
    """FFmpeg's frame, as `Decoded`: gray is its first plane.

    Attributes:
        shape: (height, width, 3) of the upright picture with square pixels.
    """

    def __init__(
        self,
        frame: "VideoFrame",
        convert: Convert,
        size: tuple[int, int],
        matrix: "Matrix | None",
    ) -> None:
        """Store a frame.

        Args:
            frame: Decoded frame.
            convert: Function that converts it to BGR.
            size: Width and height with square pixels, before rotation.
            matrix: Rotation, or None.
        """
        self._frame = frame
        self._convert = convert
        self._size = size
        self._matrix = matrix
        width, height = size
        lies = matrix is not None and matrix[0][0] == 0
        self.shape = (width, height, 3) if lies else (height, width, 3)
        self._bgr: NDArray[np.uint8] | None = None

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Pickle it as BGR: the decoder's frame stays in this process."""
        return np.asarray, (self.bgr(),)

    def bgr(self) -> NDArray[np.uint8]:
        """Return it as uint8, (height, width, 3), BGR; converted once."""
        if self._bgr is None:
            self._bgr = self._convert(self._frame, self._size, self._matrix)
        return self._bgr

    def gray(self) -> Gray | None:
        """Return its brightness plane without a copy; None if there is no such plane."""
        if not self._has_luma():
            return None
        frame = self._frame
        plane: Any = frame.planes[0]
        if plane.line_size < frame.width:  # rows are stored bottom-up
            return None
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        is_full = frame.color_range == _FULL_RANGE or frame.format.name.startswith(
            _FULL_RANGE_PREFIX
        )
        levels = None if is_full else _levels()
        return Gray(rows[: frame.height, : frame.width], levels)

    def resized(self, width: int, height: int) -> NDArray[np.uint8] | None:
        """Return it as uint8, (height, width, 3), BGR, in one pass from the decoder's planes.

        None if resizing BGR costs less: BGR already exists, or the frame must be rotated.
        """
        if self._bgr is not None or self._matrix is not None:
            return None
        return self._convert(self._frame, (width, height), None)

    def _has_luma(self) -> bool:
        frame = self._frame
        return (
            frame.format.name in _LUMA_FIRST
            and frame.colorspace in _LUMA_SPACES
            and self._matrix is None
            and self._size == (frame.width, frame.height)
        )


@lru_cache(maxsize=1)
def _levels() -> NDArray[np.uint8]:
    """Return the table from black 16 and white 235 (ITU-R BT.601, 2.5.3) to 0 and 255."""
    levels = np.clip((np.arange(256) - 16) * (255 / 219), 0, 255)
    full: NDArray[np.uint8] = levels.round().astype(np.uint8)
    return full
