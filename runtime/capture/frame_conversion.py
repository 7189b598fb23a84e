"""Conversion of decoded frames to BGR arrays: square pixels, upright."""

import threading
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from .decoded_image import DecodedImage, Matrix
from .pixel_aspect import is_plausible

_TURNS = {
    # directions that one step to the right and one step down become by the display matrix
    ((1, 0), (0, 1)): (),
    ((0, 1), (-1, 0)): (cv2.ROTATE_90_CLOCKWISE,),
    ((-1, 0), (0, -1)): (cv2.ROTATE_180,),
    ((0, -1), (1, 0)): (cv2.ROTATE_90_COUNTERCLOCKWISE,),
}
_FIXED_POINT = 1 << 16  # the matrix is in 16.16 fixed point, ISO/IEC 14496-12, 6.2.2


_FRAMES_KEPT = 8
_LARGEST_LESSON_BYTES = 31 << 20
"""glibc does not adapt to larger blocks."""


class FrameConversion:
    """Converts the frames of one video to BGR, each in one pass of FFmpeg's scaler.

    At its original size, a frame of 640x360 takes 0.10 ms, a sixth of its decoding time.
    """

    def __init__(self, pixel_aspect: Fraction | None = None) -> None:
        """Create a conversion.

        Args:
            pixel_aspect: Width of a pixel divided by its height, overriding the video.
        """
        self._pixel_aspect = pixel_aspect
        self._scalers = (VideoReformatter(), VideoReformatter())
        self._scaling = threading.Lock()
        self._matrix: Matrix | None = None
        self._is_warm = False

    def take(self, frame: VideoFrame, stored_aspect: Any) -> DecodedImage:
        """Store the next frame without converting it.

        Args:
            frame: Decoded frame, of any pixel format.
            stored_aspect: Pixel aspect ratio declared by the video; None or 0 for square.
        """
        if frame.key_frame:  # reading a frame's side data takes a tenth of its decoding time
            self._matrix = _display_matrix(frame)
        width = self._square_width(frame.width, stored_aspect)
        if not self._is_warm:
            _keep_freed_memory(3 * width * frame.height)
            self._is_warm = True
        return DecodedImage(frame, self.to_bgr, (width, frame.height), self._matrix)

    def to_bgr(
        self, frame: VideoFrame, size: tuple[int, int], matrix: Matrix | None
    ) -> NDArray[np.uint8]:
        """Convert one frame; can be called from any thread.

        Args:
            frame: Decoded frame.
            size: Width and height of the result, before rotation.
            matrix: Rotation.

        Returns:
            uint8, (height, width, 3), BGR, upright.
        """
        width, height = size
        is_smaller = width * height < frame.width * frame.height
        with self._scaling:
            # each scaler has tables for one size; several threads cost a quarter more CPU time
            # and do not help at these sizes
            bgr = self._scalers[is_smaller].reformat(
                frame,
                width=width,
                height=height,
                format="bgr24",
                # same as FFmpeg's program; averages when a frame is shrunk
                interpolation=Interpolation.AREA if is_smaller else Interpolation.BICUBIC,
                threads=1,
            )
        plane: Any = bgr.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(bgr.height, plane.line_size)
        # rows are padded; the array keeps FFmpeg's buffer alive, which nothing else writes
        image = rows[:, : 3 * bgr.width].reshape(bgr.height, bgr.width, 3)
        image = np.ascontiguousarray(image)
        return image if matrix is None else _upright(image, matrix)

    def _square_width(self, width: int, stored_aspect: Any) -> int:
        aspect = self._pixel_aspect or stored_aspect
        if not aspect or aspect == 1 or not is_plausible(aspect):
            return width
        return max(1, round(width * float(aspect)))


def _keep_freed_memory(frame_bytes: int) -> None:
    """Make the C library keep the memory of a few frames when they are freed.

    Otherwise glibc returns it to the kernel and requests it again for every frame: a hundred page
    faults, a fifth of the time of a frame of 640x360. glibc learns how much to keep from the
    largest block freed so far, mallopt(3), M_MMAP_THRESHOLD; untouched pages cost nothing.
    """
    np.empty(min(_FRAMES_KEPT * frame_bytes, _LARGEST_LESSON_BYTES), np.uint8)


def _upright(image: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.uint8]:
    right, down = matrix
    if right[0] * down[1] - right[1] * down[0] < 0:  # mirrored, as by the front camera of a phone
        image = np.asarray(cv2.flip(image, 1), np.uint8)
        right = (-right[0], -right[1])
    for turn in _TURNS.get((right, down), ()):
        image = np.asarray(cv2.rotate(image, turn), np.uint8)
    return image


def _display_matrix(frame: VideoFrame) -> Matrix | None:
    """Return the directions of a step right and a step down by the display matrix, rounded."""
    # `frame.side_data` references the container, which references the frame: only Python's
    # garbage collector would free such a frame, after about a hundred of them
    container: Any = SideDataContainer
    data: Any = container(frame).get("DISPLAYMATRIX")
    if data is None:
        return None
    values = np.frombuffer(bytes(data), np.int32)
    a, b, _, c, d = (round(int(value) / _FIXED_POINT) for value in values[:5])
    return (a, b), (c, d)
