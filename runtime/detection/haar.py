"""Viola and Jones's cascade of Haar features (CVPR 2001), as included in OpenCV 4.

Much worse than YuNet and dozens of times slower. It is meant for users who must not use a network
that was trained on photographs with restrictive licenses.
"""

import logging
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.pictures.opencv_path import opencv_path

from .detector import Detection, DetectorSettings, has_pixels
from .framing import Framing
from .shrinking import shrink

CASCADE_FILE = "haarcascade_frontalface_alt2.xml"

_FRAMING = Framing(width=0.82, height=1.06, center_x=0.50, center_y=0.53)
_MIN_SIDE_PX = 24

log = logging.getLogger(__name__)


class Haar:
    """The frontal-face cascade `alt2` on gray frames shrunk to a long side."""

    def __init__(
        self,
        model: Path | None = None,
        *,
        long_side_px: int = 640,
    ) -> None:
        """Load it.

        Args:
            model: Path of a cascade's XML file; None uses that of the OpenCV 4 wheel.
            long_side_px: Long side to which frames are shrunk, never enlarged.

        Raises:
            DetectorError: The cascade is missing or cannot be loaded, or OpenCV has no cascades.
        """
        self.long_side_px = long_side_px
        self.framing = _FRAMING
        _check_opencv()
        self._cascade = _load(model or _find_cascade())
        log.warning(
            "the detector haar finds far fewer faces than yunet, has more false detections, and "
            "takes dozens of times as long; avoid it if you can"
        )

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find faces; see `FaceDetector`. Every score is 1, since a cascade has no scores."""
        if not has_pixels(image):
            return []
        scale = min(1.0, self.long_side_px / max(image.shape[:2]))
        gray = cv2.cvtColor(shrink(image, self.long_side_px), cv2.COLOR_BGR2GRAY)
        found = self._cascade.detectMultiScale(
            gray, scaleFactor=1.1, minNeighbors=3, minSize=(_MIN_SIDE_PX, _MIN_SIDE_PX)
        )
        faces = []
        for left, top, width, height in np.asarray(found, np.float64).reshape(-1, 4).tolist():
            box = Box(left / scale, top / scale, (left + width) / scale, (top + height) / scale)
            faces.append(Detection(self.framing.of(box), 1.0))
        return faces


def open_haar(settings: DetectorSettings) -> Haar:
    """Open the detector `haar`; see `Haar`."""
    settings.check_cpu("haar")
    return Haar(settings.model, long_side_px=settings.long_side_px or 640)


def _check_opencv() -> None:
    if not hasattr(cv2, "CascadeClassifier"):
        raise DetectorError(
            f"OpenCV {cv2.__version__} no longer has cascades; run: pip install "
            "'opencv-python-headless<5', or use the detector yunet"
        )


def _find_cascade() -> Path:
    # Debian's OpenCV has no cv2.data
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "/usr/share/opencv4/haarcascades/")
    path = Path(folder) / CASCADE_FILE
    if not path.is_file():
        raise DetectorError(
            f"the installed OpenCV {cv2.__version__} has no {CASCADE_FILE}; install "
            "it (Debian: apt install opencv-data), pass a file (--detector-model, or in Python "
            "DetectorSettings.model), or use the detector yunet"
        )
    return path


def _load(path: Path) -> "cv2.CascadeClassifier":  # OpenCV 5 has no cascades
    name = opencv_path(path, DetectorError)
    cascade = cv2.CascadeClassifier()
    try:
        is_loaded = path.is_file() and cascade.load(name)
    except (cv2.error, SystemError):
        is_loaded = False
    if not is_loaded:
        raise DetectorError(
            f"{path} cannot be used as a cascade by OpenCV {cv2.__version__}; "
            f"expected a file like {CASCADE_FILE}"
        )
    return cascade
