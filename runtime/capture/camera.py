"""A camera that OpenCV opens: V4L2, so USB webcams, and Pi cameras under libcamerify."""

import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

from .pixels import as_bgr

_READ_S = 3

# USB 2 carries YUYV pictures of 640x480 at 30 Hz and larger ones at 10 Hz or less
_LARGEST_RAW_PX = 640 * 480


class CameraCapture:
    """A `Capture` of a camera by its number or by the path of its device."""

    def __init__(
        self,
        which: int | str,
        *,
        size: tuple[int, int] | None = None,
        rate_hz: float | None = None,
    ) -> None:
        """Say which camera; `open` opens it.

        Args:
            which: N of /dev/videoN, or a path such as /dev/v4l/by-id/usb-...-index0, which stays
                the same camera however the kernel numbers them at boot.
            size: Width and height in pixels to ask for; None takes the driver's. Above 640x480
                the camera is asked for MJPG, since USB 2 is too slow for more raw pixels.
            rate_hz: Frame rate to ask for; None takes the driver's.
        """
        self.name = f"camera {which}"
        self._which = which
        self._size = size
        self._rate_hz = rate_hz
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> float:
        """Open it; see `Capture`. The driver takes the nearest size and rate that it has."""
        # OpenCV waits 10 s for a frame unless told otherwise, and takes no other word for it
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(_READ_S))
        api = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        # the link is followed at each opening: the camera may come back as another videoN
        which = str(Path(self._which).resolve()) if isinstance(self._which, str) else self._which
        self._capture = cv2.VideoCapture(which, api)
        if not self._capture.isOpened():
            raise SourceError(
                f"{self.name} cannot be opened; cameras on this device: "
                f"{', '.join(_present()) or 'none'}; plug one in, pass another --camera, or "
                "--camera picamera2 for one on a Pi's CSI port"
            )
        for property_id, value in self._wishes():
            self._capture.set(property_id, value)
        return float(self._capture.get(cv2.CAP_PROP_FPS))

    def read(self) -> NDArray[np.uint8]:
        """Wait for the next frame; see `Capture`."""
        found, image = self._capture.read() if self._capture else (False, None)
        if not found:
            raise SourceError(f"{self.name} gives no more frames; check its cable and its power")
        return as_bgr(image)

    def close(self) -> None:
        """Free the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def interrupt(self) -> None:
        """Do nothing: V4L2 waits for a frame, but never for long."""

    def _wishes(self) -> list[tuple[int, Any]]:
        """Return properties in the order in which V4L2 wants them: format, size, rate."""
        wishes: list[tuple[int, Any]] = []
        if self._size is not None:
            width, height = self._size
            if width * height > _LARGEST_RAW_PX:
                wishes.append((cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")))
            wishes += [(cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height)]
        if self._rate_hz is not None:
            wishes.append((cv2.CAP_PROP_FPS, self._rate_hz))
        return wishes


def _present() -> list[str]:
    """Return the video devices, those with a lasting name first."""
    lasting = sorted(Path("/dev/v4l/by-id").glob("*"))
    nodes = sorted(Path("/dev").glob("video*"), key=lambda path: (len(path.name), path.name))
    return [str(path) for path in (*lasting, *nodes)]
