"""Conversion of decoded frames to BGR arrays: square pixels, upright."""

import logging
import threading
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from fer_edge.errors import SourceError
from fer_edge.pictures.container import reason
from fer_edge.pictures.display_matrix import Matrix, can_turn, display_matrix, upright

from .decoded_image import DecodedImage
from .pixel_aspect import is_plausible

log = logging.getLogger(__name__)

_KNOWN_COLORS = frozenset((0, 1, 2, 4, 5, 6, 7, 9))
"""FFmpeg's AVColorSpace of the color matrices that its scaler converts; it refuses the others."""
_COLOR_NAMES = {
    8: "YCgCo",
    10: "BT.2020 with constant luminance",
    11: "SMPTE ST 2085",
    12: "derived from its primaries",
    13: "derived from its primaries, with constant luminance",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
_FEW_PIXELS = (16, 16)
_FRAMES_KEPT = 8
_LARGEST_LESSON_BYTES = 31 << 20
"""glibc does not adapt to larger blocks."""


class FrameConversion:
    """Converts the frames of one video to BGR, each in one pass of FFmpeg's scaler.

    At its original size, a frame of 640x360 takes 0.10 ms, a sixth of its decoding time.
    """

    def __init__(self, name: str, pixel_aspect: Fraction | None = None) -> None:
        """Create a conversion.

        Args:
            name: Name of the video in messages.
            pixel_aspect: Width of a pixel divided by its height, overriding the video.
        """
        self._name = name
        self._pixel_aspect = pixel_aspect
        self._scalers = (VideoReformatter(), VideoReformatter())
        self._scaling = threading.Lock()
        self._matrix: Matrix | None = None
        self._is_begun = False
        self._colors: tuple[str, int] | None = None
        self._warned: set[str] = set()
        self._is_warm = False

    def note(self, frame: VideoFrame) -> None:
        """Note how the next frame and those after it are rotated, whether it is taken or not."""
        # reading a frame's side data takes a tenth of its decoding time; the first frame is not a
        # key frame if the video was trimmed without encoding
        if frame.key_frame or not self._is_begun:
            self._is_begun = True
            self._matrix = self._turn_of(frame)

    def take(self, frame: VideoFrame, stored_aspect: Any) -> DecodedImage:
        """Store the next frame without converting it, after `note`.

        Args:
            frame: Decoded frame, of any pixel format.
            stored_aspect: Pixel aspect ratio declared by the video; None or 0 for square.

        Raises:
            SourceError: FFmpeg cannot convert frames of this pixel format.
        """
        width = self._square_width(frame.width, stored_aspect)
        if not self._is_warm:
            _keep_freed_memory(3 * width * frame.height)
            self._is_warm = True
        colors = (frame.format.name, int(frame.colorspace))
        if colors != self._colors:
            self._check_colors(frame)
            self._colors = colors
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

        Raises:
            SourceError: FFmpeg cannot convert it.
        """
        width, height = size
        is_smaller = width * height < frame.width * frame.height
        # same as FFmpeg's program; averages when a frame is shrunk
        method = Interpolation.AREA if is_smaller else Interpolation.BICUBIC
        with self._scaling:  # each scaler has tables for one size
            bgr = self._scaled(self._scalers[is_smaller], frame, size, method)
        plane: Any = bgr.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(bgr.height, plane.line_size)
        # rows are padded; the array keeps FFmpeg's buffer alive, which nothing else writes
        image = rows[:, : 3 * bgr.width].reshape(bgr.height, bgr.width, 3)
        image = np.ascontiguousarray(image)
        return image if matrix is None else upright(image, matrix)

    def _turn_of(self, frame: VideoFrame) -> Matrix | None:
        matrix = display_matrix(frame)
        if matrix is None or can_turn(matrix):
            return matrix
        self._warn(
            "its display matrix rotates it by an angle that is not a multiple of 90 degrees; "
            "its frames are not rotated"
        )
        return None

    def _check_colors(self, frame: VideoFrame) -> None:
        """Convert a few pixels, so that an error ends the reading and not the use of a frame."""
        if not _has_known_colors(frame):
            number = int(frame.colorspace)
            self._warn(
                f"FFmpeg cannot convert its color matrix ({_COLOR_NAMES.get(number, number)}); it "
                "is read as BT.709: brightness is nearly right, colors are not"
            )
        self._scaled(VideoReformatter(), frame, _FEW_PIXELS, Interpolation.POINT)

    def _scaled(
        self,
        scaler: VideoReformatter,
        frame: VideoFrame,
        size: tuple[int, int],
        method: Interpolation,
    ) -> VideoFrame:
        try:
            return scaler.reformat(
                frame,
                width=size[0],
                height=size[1],
                format="bgr24",
                src_colorspace=None if _has_known_colors(frame) else Colorspace.ITU709,
                interpolation=method,
                # several cost a quarter more CPU time and do not help at these sizes
                threads=1,
            )
        except av.error.FFmpegError as error:
            raise SourceError(
                f"{self._name}: FFmpeg cannot convert frames of {frame.width}x{frame.height} "
                f"pixels in the format {frame.format.name} to BGR ({reason(error)}); convert it "
                "(ffmpeg -i IN -vf format=yuv420p OUT.mp4)"
            ) from error

    def _warn(self, text: str) -> None:
        """Log a warning once per video."""
        if text not in self._warned:
            self._warned.add(text)
            log.warning("%s: %s", self._name, text)

    def _square_width(self, width: int, stored_aspect: Any) -> int:
        aspect = self._pixel_aspect or stored_aspect
        if not aspect or aspect == 1 or not is_plausible(aspect):
            return width
        return max(1, round(width * float(aspect)))


def _has_known_colors(frame: VideoFrame) -> bool:
    return int(frame.colorspace) in _KNOWN_COLORS


def _keep_freed_memory(frame_bytes: int) -> None:
    """Make the C library keep the memory of a few frames when they are freed.

    Otherwise glibc returns it to the kernel and requests it again for every frame: a hundred page
    faults, a fifth of the time of a frame of 640x360. glibc learns how much to keep from the
    largest block freed so far, mallopt(3), M_MMAP_THRESHOLD; untouched pages cost nothing.
    """
    np.empty(min(_FRAMES_KEPT * frame_bytes, _LARGEST_LESSON_BYTES), np.uint8)
