"""A camera opened by OpenCV: V4L2, so USB webcams, and Pi cameras under libcamerify."""

import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

from .camera_failure import check_camera, failure
from .pixels import as_bgr

_READ_S = 3

# USB 2 supports YUYV pictures of 640x480 at 30 Hz, and larger ones at 10 Hz or less
_LARGEST_RAW_PX = 640 * 480


class CameraCapture:
    """A `Capture` of a camera, by its number or the path of its device."""

    def __init__(
        self,
        which: int | str,
        *,
        size: tuple[int, int] | None = None,
        rate_hz: float | None = None,
    ) -> None:
        """Select the camera; `open` opens it.

        Args:
            which: N of /dev/videoN, or a path such as /dev/v4l/by-id/usb-...-index0, which names
                the same camera after every boot.
            size: Width and height in pixels to request; None uses the driver's. Above 640x480, MJPG
                is requested, since USB 2 is too slow for more raw pixels.
            rate_hz: Frame rate to request; None uses the driver's.
        """
        self.name = f"camera {which}"
        self._which = which
        self._size = size
        self._rate_hz = rate_hz
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> float:
        """Open it; see `Capture`. The driver chooses the nearest size and rate."""
        # OpenCV waits 10 s for a frame by default, and has no other setting for it
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_READ_S))
        is_linux = sys.platform == "linux"
        # the link is resolved at each opening: the camera may return as another videoN
        path = Path(f"/dev/video{self._which}" if isinstance(self._which, int) else self._which)
        if is_linux:  # checked first: OpenCV only prints two lines without a reason
            check_camera(self.name, path)
        which = self._which if isinstance(self._which, int) else str(path.resolve())
        self._capture = cv2.VideoCapture(which, cv2.CAP_V4L2 if is_linux else cv2.CAP_ANY)
        if not self._capture.isOpened():
            raise (
                failure(self.name, path)
                if is_linux
                else SourceError(
                    f"{self.name} cannot be opened; plug it in, or pass another camera"
                )
            )
        for property_id, value in self._wishes():
            self._capture.set(property_id, value)
        return float(self._capture.get(cv2.CAP_PROP_FPS))

    def read(self) -> NDArray[np.uint8]:
        """Wait for the next frame; see `Capture`."""
        found, image = self._capture.read() if self._capture else (False, None)
        if not found:
            raise SourceError(f"{self.name} stopped sending frames; check its cable and power")
        return as_bgr(image)

    def close(self) -> None:
        """Release the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def interrupt(self) -> None:
        """Do nothing: V4L2 never waits long for a frame."""

    def _wishes(self) -> list[tuple[int, Any]]:
        """Return properties in the order that V4L2 needs: format, size, rate."""
        wishes: list[tuple[int, Any]] = []
        if self._size is not None:
            width, height = self._size
            if width * height > _LARGEST_RAW_PX:
                wishes.append((cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")))
            wishes += [(cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height)]
        if self._rate_hz is not None:
            wishes.append((cv2.CAP_PROP_FPS, self._rate_hz))
        return wishes
