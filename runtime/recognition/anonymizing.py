"""Covering of faces, so that a picture can be shown without revealing who is in it.

Blurred and pixelated faces were recognized by networks trained for it (McPherson et al. 2016,
arXiv:1609.00408, with mosaics and blurs of single pictures). So both styles here leave about five
averages of coarse color along a whole head, whatever its size; `box` leaves nothing at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box

from ..capture.frame import Frame
from ..detection.detector import FaceDetector, select
from ..detection.overlap import overlaps
from ..drawing.plate import plate
from .result import Face, FrameReader, Result

Style = Literal["blur", "pixelate", "box"]

COVER_MIN_SCORE = 0.3
"""Half of the score for recognition: a covered lamp does less harm than a visible face."""
HOLD_S = 1.0
"""Time for which a place stays covered after its face was last seen."""
_CELLS = 5
_LEVELS = 32
_GROWTH_PER_S = 0.5
_SAME_FACE_OVERLAP = 0.3
_BOX_BGR = (44, 40, 38)


def anonymize(image: NDArray[np.uint8], faces: Sequence[Face], style: Style) -> NDArray[np.uint8]:
    """Cover the head around each face on a copy of an image.

    Args:
        image: uint8, (height, width, 3), BGR.
        faces: Faces recognized in it.
        style: blur, pixelate, or box (a dark rectangle).

    Returns:
        uint8, (height, width, 3), BGR.
    """
    return cover(image, [face.box for face in faces], style)


def cover(image: NDArray[np.uint8], boxes: Iterable[Box], style: Style) -> NDArray[np.uint8]:
    """Cover the head around each face's box on a copy of an image; see `anonymize`."""
    covered: NDArray[np.uint8] = image.copy()
    for box in boxes:
        _cover_head(covered, _head(box), style)
    return covered


class AnonymizingReader:
    """Processes frames with another reader and returns them with every face covered.

    It comes before all outputs, so that none of them, including a web page or a message, ever gets
    a visible face. It detects faces itself, in every frame and with a lower score than for
    recognition, also covers those that recognition found and ignored, and keeps a place covered
    for a while after its face was lost.
    """

    def __init__(self, reader: FrameReader, detector: FaceDetector, style: Style) -> None:
        """Wrap a reader.

        Args:
            reader: Reader of the uncovered frames.
            detector: Detector for additional faces to cover; `COVER_MIN_SCORE` is a suitable score.
            style: Style of the covers.
        """
        self._reader = reader
        self._detector = detector
        self._style = style
        self._name: str | None = None
        self._held: list[tuple[Box, float]] = []

    def read_frame(self, frame: Frame) -> Result:
        """Recognize all faces in a frame, and return the result with the frame covered."""
        result = self._reader.read_frame(frame)
        boxes = self._boxes(frame, result)
        image = cover(result.frame.image, boxes, self._style)
        # a face cropped from its frame is also covered
        faces = tuple(replace(face, frame_pixels=image) for face in result.faces)
        return replace(result, frame=replace(result.frame, pixels=image), faces=faces)

    def _boxes(self, frame: Frame, result: Result) -> list[Box]:
        if frame.name != self._name:  # another picture, without known faces
            self._name, self._held = frame.name, []
        seen = _united(found_faces(result, self._detector))
        held = [(box, frame.time_s - time_s) for box, time_s in self._held]
        likeness = overlaps([box for box, _ in held], seen).max(axis=1, initial=0.0)
        held = [
            (box, age_s)
            for (box, age_s), same in zip(held, likeness.tolist(), strict=True)
            if 0 <= age_s <= HOLD_S and same < _SAME_FACE_OVERLAP
        ]
        self._held = [(box, frame.time_s - age_s) for box, age_s in held]
        self._held += [(box, frame.time_s) for box in seen]
        return seen + [_grown(box, _GROWTH_PER_S * age_s) for box, age_s in held]


def found_faces(result: Result, detector: FaceDetector) -> list[Box]:
    """Return all faces to cover in a frame: those of its result, and those of another detector.

    The limits of recognition do not apply: even a face that is too small to be recognized, or one
    too many, is covered.
    """
    others = select(detector.detect(result.frame.image), max_faces=None)
    recognized = [face.box for face in result.faces]
    return [*recognized, *result.ignored, *(found.box for found in others)]


def _head(box: Box) -> Box:
    """Return the whole head around a face: YuNet's box ends at the brow, the chin and the cheek."""
    return Box(
        box.left - 0.3 * box.width,
        box.top - 0.4 * box.height,
        box.right + 0.3 * box.width,
        box.bottom + 0.2 * box.height,
    )


def _cover_head(image: NDArray[np.uint8], head: Box, style: Style) -> None:
    height, width = image.shape[:2]
    left, top = max(0, int(np.floor(head.left))), max(0, int(np.floor(head.top)))
    right, bottom = min(width, int(np.ceil(head.right))), min(height, int(np.ceil(head.bottom)))
    if right <= left or bottom <= top:
        return
    area = image[top:bottom, left:right]
    cover = np.full_like(area, _BOX_BGR) if style == "box" else _coarse(area, head, style)
    # the mask covers the whole head, even if the edge of the picture cuts it
    head_width, head_height = round(head.width) + 2, round(head.height) + 2
    if max(head_width, head_height) > 4 * max(height, width):
        area[:] = cover
        return
    mask = plate(head_width, head_height, int(0.45 * min(head_width, head_height)))
    x, y = left - int(np.floor(head.left)), top - int(np.floor(head.top))
    mask = mask[y : y + area.shape[0], x : x + area.shape[1]]
    area[: mask.shape[0], : mask.shape[1]] = np.where(
        mask[..., np.newaxis] > 127,
        cover[: mask.shape[0], : mask.shape[1]],
        area[: mask.shape[0], : mask.shape[1]],
    )


def _coarse(area: NDArray[np.uint8], head: Box, style: Style) -> NDArray[np.uint8]:
    """Keep few averages of few colors; the original cannot be restored from these."""
    height, width = area.shape[:2]
    cell = max(head.width, head.height) / _CELLS
    columns, rows = max(1, round(width / cell)), max(1, round(height / cell))
    cells = cv2.resize(area, (columns, rows), interpolation=cv2.INTER_AREA)
    step = 256 // _LEVELS
    cells = (cells // step * step + step // 2).astype(np.uint8)
    method = cv2.INTER_NEAREST if style == "pixelate" else cv2.INTER_CUBIC
    coarse = cv2.resize(cells, (width, height), interpolation=method)
    return coarse.astype(np.uint8, copy=False)


def _grown(box: Box, share: float) -> Box:
    x, y = share * box.width, share * box.height
    return Box(box.left - x, box.top - y, box.right + x, box.bottom + y)


def _united(boxes: list[Box]) -> list[Box]:
    """Merge boxes of the same face."""
    united: list[Box] = []
    for box in boxes:
        overlap = overlaps([box], united)[0]
        if overlap.size == 0 or overlap.max() < _SAME_FACE_OVERLAP:
            united.append(box)
            continue
        same = united[int(overlap.argmax())]
        united[int(overlap.argmax())] = Box(
            min(box.left, same.left),
            min(box.top, same.top),
            max(box.right, same.right),
            max(box.bottom, same.bottom),
        )
    return united
