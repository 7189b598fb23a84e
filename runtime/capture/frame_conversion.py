"""Decoded frames as BGR arrays: converted, with square pixels, upright."""

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
    # what the display matrix makes of one step to the right and one step down
    ((1, 0), (0, 1)): (),
    ((0, 1), (-1, 0)): (cv2.ROTATE_90_CLOCKWISE,),
    ((-1, 0), (0, -1)): (cv2.ROTATE_180,),
    ((0, -1), (1, 0)): (cv2.ROTATE_90_COUNTERCLOCKWISE,),
}
_FIXED_POINT = 1 << 16  # the matrix is in 16.16, ISO/IEC 14496-12, 6.2.2


_FRAMES_KEPT = 8
_LARGEST_LESSON_BYTES = 31 << 20
"""From larger blocks glibc learns nothing."""


class FrameConversion:
    """Brings the frames of one video to BGR, each in one pass of FFmpeg's scaler.

    At its own size a frame of 640x360 takes 0.10 ms, a sixth of what decoding takes.
    """

    def __init__(self, pixel_aspect: Fraction | None = None) -> None:
        """Create a conversion.

        Args:
            pixel_aspect: Width of a pixel over its height, in place of what the video says.
        """
        self._pixel_aspect = pixel_aspect
        self._scalers = (VideoReformatter(), VideoReformatter())
        self._scaling = threading.Lock()
        self._matrix: Matrix | None = None
        self._is_warm = False

    def take(self, frame: VideoFrame, stored_aspect: Any) -> DecodedImage:
        """Take the next frame, without converting it.

        Args:
            frame: As the decoder made it, of any pixel format.
            stored_aspect: The pixel aspect ratio that the video declares; None or 0 for square.
        """
        if frame.key_frame:  # a look at a frame's side data takes a tenth of its decoding
            self._matrix = _display_matrix(frame)
        width = self._square_width(frame.width, stored_aspect)
        if not self._is_warm:
            _keep_freed_memory(3 * width * frame.height)
            self._is_warm = True
        return DecodedImage(frame, self.to_bgr, (width, frame.height), self._matrix)

    def to_bgr(
        self, frame: VideoFrame, size: tuple[int, int], matrix: Matrix | None
    ) -> NDArray[np.uint8]:
        """Convert one frame; any thread may ask for it.

        Args:
            frame: As the decoder made it.
            size: Width and height of the result, before it is turned.
            matrix: How it is turned.

        Returns:
            uint8, (height, width, 3), BGR, upright.
        """
        width, height = size
        is_smaller = width * height < frame.width * frame.height
        with self._scaling:
            # each has its tables for one size; more than one thread costs a quarter more processor
            # time and gains nothing at these sizes
            bgr = self._scalers[is_smaller].reformat(
                frame,
                width=width,
                height=height,
                format="bgr24",
                # as FFmpeg's own program; averages where a frame is shrunk
                interpolation=Interpolation.AREA if is_smaller else Interpolation.BICUBIC,
                threads=1,
            )
        plane: Any = bgr.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(bgr.height, plane.line_size)
        # rows are padded; the array keeps FFmpeg's buffer alive, which nobody else writes
        image = rows[:, : 3 * bgr.width].reshape(bgr.height, bgr.width, 3)
        image = np.ascontiguousarray(image)
        return image if matrix is None else _upright(image, matrix)

    def _square_width(self, width: int, stored_aspect: Any) -> int:
        aspect = self._pixel_aspect or stored_aspect
        if not aspect or aspect == 1 or not is_plausible(aspect):
            return width
        return max(1, round(width * float(aspect)))


def _keep_freed_memory(frame_bytes: int) -> None:
    """Let the C library keep the memory of a few frames when they are freed.

    Otherwise glibc gives it back to the kernel and asks for it again with every frame: a hundred
    page faults, a fifth of the time that a frame of 640x360 takes. It learns how much to keep from
    the largest block freed so far, mallopt(3), M_MMAP_THRESHOLD; pages that nobody touches cost
    nothing.
    """
    np.empty(min(_FRAMES_KEPT * frame_bytes, _LARGEST_LESSON_BYTES), np.uint8)


def _upright(image: NDArray[np.uint8], matrix: Matrix) -> NDArray[np.uint8]:
    right, down = matrix
    if right[0] * down[1] - right[1] * down[0] < 0:  # mirrored, as a phone's front camera may do
        image = np.asarray(cv2.flip(image, 1), np.uint8)
        right = (-right[0], -right[1])
    for turn in _TURNS.get((right, down), ()):
        image = np.asarray(cv2.rotate(image, turn), np.uint8)
    return image


def _display_matrix(frame: VideoFrame) -> Matrix | None:
    """Return what the video's display matrix makes of a step right and a step down, rounded."""
    # `frame.side_data` keeps the container, which keeps the frame: only Python's collector would
    # free such a frame, and it comes when a hundred of them have gathered
    container: Any = SideDataContainer
    data: Any = container(frame).get("DISPLAYMATRIX")
    if data is None:
        return None
    values = np.frombuffer(bytes(data), np.int32)
    a, b, _, c, d = (round(int(value) / _FIXED_POINT) for value in values[:5])
    return (a, b), (c, d)
