"""A picture for publication, with every face pixelated."""

import cv2

from ...detection.cover_yunet import CoverYuNet
from ...detection.shrinking import shrink
from ...recognition.anonymizing import COVER_MIN_SCORE, cover, found_faces
from ...recognition.result import Result

_LONG_SIDE_PX = 640
_JPEG_QUALITY = 80


class CoveredPictures:
    """Creates such pictures. A face that the detector misses stays visible.

    It runs its own detection, with a lower score and on a larger picture than for camera frames:
    pictures are rare, so this may take longer.
    """

    def __init__(self) -> None:
        self._detector = CoverYuNet(long_side_px=_LONG_SIDE_PX, min_score=COVER_MIN_SCORE)

    def jpeg(self, result: Result) -> bytes:
        """Return a frame with pixelated faces, at most 640 pixels wide or high, as a JPEG."""
        covered = cover(result.frame.image, found_faces(result, self._detector), "pixelate")
        quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        return cv2.imencode(".jpg", shrink(covered, _LONG_SIDE_PX), quality)[1].tobytes()
