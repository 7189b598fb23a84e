"""The plainest tracker: detect in every frame; overlapping boxes are the same face."""

from fer_edge.faces import Box

from .detection import Face, FaceDetector
from .frame import Frame
from .result import Stopwatch
from .track import Track

_MIN_OVERLAP = 0.3


class OverlapTracker:
    """Takes a detection for the face whose last box it overlaps most, by intersection over union.

    For videos that are face crops (`--detector none`), where there is nothing to track.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._tracks: list[Track] = []
        self._count = 0

    def follow(self, frame: Frame, watch: Stopwatch) -> list[Track]:
        """Return the faces in the next frame; see `Tracker`."""
        with watch.stage("detect"):
            faces = self._detector.detect(frame.image)
        with watch.stage("track"):
            self._tracks = self._match(faces)
        return self._tracks

    def _match(self, faces: list[Face]) -> list[Track]:
        pairs = sorted(
            (
                (_overlap(face.box, track.box), i, track.number)
                for i, face in enumerate(faces)
                for track in self._tracks
            ),
            reverse=True,
        )
        numbers: dict[int, int] = {}
        for overlap, i, number in pairs:
            if overlap >= _MIN_OVERLAP and i not in numbers and number not in numbers.values():
                numbers[i] = number
        return [
            Track(numbers.get(i) or self._next_number(), face.box, face.score, True)
            for i, face in enumerate(faces)
        ]

    def _next_number(self) -> int:
        self._count += 1
        return self._count


def _overlap(a: Box, b: Box) -> float:
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (a.width * a.height + b.width * b.height - shared)
