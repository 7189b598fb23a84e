"""YuNet as the search for faces to cover."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .detector import Detection, has_pixels
from .shrinking import shrink
from .yunet import YuNet, as_detections

_COARSE_SIDE_PX = 320


class CoverYuNet:
    """YuNet in a fine and a coarse pass, of which every box counts.

    In a large image it takes parts of a face that fills the picture for faces, with a high score;
    only the coarse pass finds the whole face. `PhotoYuNet` keeps the better box of each face, which
    may be such a part.
    """

    def __init__(
        self,
        model: Path | None = None,
        *,
        long_side_px: int,
        min_score: float,
        delegate: str | None = None,
    ) -> None:
        """Load it; see `YuNet`.

        Args:
            model: As in `YuNet`.
            long_side_px: Long side of the fine pass; up to 320 pixels it is the only pass.
            min_score: Lowest score in either pass, 0 to 1.
            delegate: As in `YuNet`.
        """
        self.long_side_px = long_side_px
        self._yunet = YuNet(model, min_score=min_score, delegate=delegate)

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find faces; see `FaceDetector`. A face found by both passes is returned twice."""
        if not has_pixels(image):
            return []
        small = shrink(image, self.long_side_px)
        height, width = small.shape[:2]
        sides_px = {
            self._yunet.fitting_px(height, width, side_px)
            for side_px in (max(height, width), _COARSE_SIDE_PX)
            if side_px <= max(height, width)
        }
        faces = np.concatenate([self._yunet.look(small, side_px) for side_px in sides_px])
        faces[:, :4] *= max(image.shape[:2]) / max(height, width)
        return as_detections(faces)
