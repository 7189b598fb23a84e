"""YuNet: Wu et al. 2023, doi:10.1007/s11633-023-1423-y.

Its full-integer file is bundled with fer-edge, created by `fer-edge convert-detector`, and runs in
LiteRT.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.decoding import SAME_FACE_OVERLAP, overlaps, without_doubles
from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import DetectorError, ModelError
from fer_edge.faces.preprocess import Box

from .detector import MIN_SCORE, Detection, DetectorSettings, has_pixels
from .shrinking import shrink

DEFAULT_FILE = "yunet"
LONG_SIDE_PX = 320
"""For videos."""
PHOTO_LONG_SIDE_PX, PHOTO_MIN_SCORE = 1280, 0.68
"""For photographs; the numbers come from `python -m benchmarks.detector_recall`."""

_COARSE_SIDE_PX = 320
_CANDIDATE_SCORE = 0.5


class YuNet:
    """YuNet on frames shrunk to a long side; the cost is proportional to the pixels."""

    def __init__(
        self,
        model: Path | None = None,
        *,
        long_side_px: int = LONG_SIDE_PX,
        min_score: float = MIN_SCORE,
        threads: int = 1,
        delegate: str | None = None,
    ) -> None:
        """Load it.

        Args:
            model: Path of a detector's .tflite file from `fer-edge convert-detector`; None uses the
                bundled one.
            long_side_px: Long side to which frames are shrunk, never enlarged.
            min_score: Lowest score, 0 to 1.
            threads: CPU threads per inference.
            delegate: `edgetpu`, a TFLite delegate's library, or None.

        Raises:
            DetectorError: The model file is missing, altered, of another kind, or cannot be run,
                or the delegate cannot be used.
            MissingExtraError: No TFLite runtime is installed.
        """
        self.long_side_px = long_side_px
        try:
            file = read_detector(model or bundled_detectors()[DEFAULT_FILE])
        except ModelError as error:
            raise DetectorError(
                f"{error}; expected a face detector's .tflite from fer-edge convert-detector"
            ) from error
        try:
            self._network = DetectorNetwork(
                file, min_score=min_score, threads=threads, delegate=delegate
            )
        except ModelError as error:
            raise DetectorError(str(error)) from error

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find faces; see `FaceDetector`.

        Raises:
            DetectorError: There is not enough memory for an input of this size.
        """
        if not has_pixels(image):
            return []
        return as_detections(self.look(image, self.long_side_px))

    def macs(self, height: int, width: int) -> int:
        """Count the multiply-accumulates of an inference on a shrunk image of this size.

        Raises:
            MissingExtraError: LiteRT, which reads graphs, is not installed.
        """
        return self._network.macs(height, width)

    def fitting_px(self, height: int, width: int, long_side_px: int) -> int:
        """Return the long side to which an image of this size is shrunk.

        Args:
            height: Height of the image in pixels.
            width: Width of the image in pixels.
            long_side_px: Long side if the network takes any size; a network of fixed size may need
                a smaller image.
        """
        fixed = self._network.fixed_size
        if fixed is None:
            return long_side_px
        fitting = max(height, width) * min(fixed[0] / height, fixed[1] / width)
        return min(long_side_px, max(1, int(fitting)))

    def look(self, image: NDArray[np.uint8], long_side_px: int) -> NDArray[np.float32]:
        """Detect once, on an image shrunk to a long side.

        Args:
            image: uint8, (height, width, 3), BGR, not empty.
            long_side_px: Long side of the shrunk image.

        Returns:
            float32, (n, 5): left, top, right, bottom in pixels of the image, score 0 to 1.
        """
        height, width = image.shape[:2]
        small = shrink(image, self.fitting_px(height, width, long_side_px))
        try:
            faces = self._network.find(small)
        except ModelError as error:
            raise DetectorError(
                f"{error}; choose a smaller --detect-size, or in Python long_side_px"
            ) from error
        faces[:, :4] *= max(height, width) / max(small.shape[:2])
        return faces


class PhotoYuNet:
    """YuNet for photographs: two passes.

    The fine pass finds small faces, the coarse one those that fill the picture, which the network
    was not made for. If both find a face, it is almost certain: the passes count as independent, so
    the probabilities of an error are multiplied.
    """

    def __init__(
        self,
        model: Path | None = None,
        *,
        long_side_px: int = PHOTO_LONG_SIDE_PX,
        min_score: float = PHOTO_MIN_SCORE,
        delegate: str | None = None,
    ) -> None:
        """Load it; see `YuNet`.

        Args:
            model: As in `YuNet`.
            long_side_px: Long side of the fine pass.
            min_score: Lowest score of both passes together, 0 to 1.
            delegate: As in `YuNet`.
        """
        self.long_side_px = long_side_px
        self._min_score = min_score
        self._yunet = YuNet(model, min_score=min(min_score, _CANDIDATE_SCORE), delegate=delegate)

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find faces; see `FaceDetector`."""
        if not has_pixels(image):
            return []
        image, factor = self._shrunk(image)
        side_px = max(image.shape[:2])
        fine = self._yunet.look(image, side_px)
        coarse = self._yunet.look(image, max(1, min(_COARSE_SIDE_PX, side_px // 2)))
        faces = join_looks(fine, coarse)
        faces = without_doubles(faces[faces[:, 4] >= self._min_score])
        faces[:, :4] *= factor
        return as_detections(faces)

    def _shrunk(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
        """Return the image from which both passes start, and the factor back to its pixels."""
        small = shrink(image, self.long_side_px)
        return small, max(image.shape[:2]) / max(small.shape[:2])


def open_yunet(settings: DetectorSettings) -> YuNet | PhotoYuNet:
    """Open the detector `yunet`; see `YuNet`, and `PhotoYuNet` for photographs."""
    if settings.is_photo:
        return PhotoYuNet(
            settings.model,
            long_side_px=settings.long_side_px or PHOTO_LONG_SIDE_PX,
            min_score=PHOTO_MIN_SCORE if settings.min_score is None else settings.min_score,
            delegate=settings.delegate,
        )
    return YuNet(
        settings.model,
        long_side_px=settings.long_side_px or LONG_SIDE_PX,
        min_score=MIN_SCORE if settings.min_score is None else settings.min_score,
        delegate=settings.delegate,
    )


def join_looks(fine: NDArray[np.float32], coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Combine both passes: a face found in both gets a higher score than in either.

    Args:
        fine: float32, (n, 5): left, top, right, bottom, score.
        coarse: float32, (m, 5), in the same pixels.

    Returns:
        float32, (n + m, 5): all boxes, including both boxes of the same face, with the joint score.
    """
    faces = np.concatenate([fine, coarse])
    if len(fine) and len(coarse):
        same = overlaps(fine, coarse) > SAME_FACE_OVERLAP
        by_other = [
            np.where(same, coarse[np.newaxis, :, 4], 0).max(axis=1),
            np.where(same, fine[:, np.newaxis, 4], 0).max(axis=0),
        ]
        faces[:, 4] = 1 - (1 - faces[:, 4]) * (1 - np.concatenate(by_other))
    return faces


def as_detections(faces: NDArray[np.float32]) -> list[Detection]:
    """Convert rows of left, top, right, bottom and score to Python values."""
    return [Detection(Box(*row[:4]), row[4]) for row in faces.tolist()]
