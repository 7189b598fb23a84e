"""How do I track faces with another library, such as ByteTrack?

Run: python examples/own_tracker.py clip.mp4      (needs: pip install supervision trackers)

In a separate environment: supervision replaces OpenCV (docs/how-to/python.md, "Use the result").
"""

import sys

import numpy as np
import supervision
from trackers import ByteTrackTracker

from fer_edge import Box, Frame, Recognizer, Track, open_detector


class ByteTrack:
    """A `Tracker`: YuNet detects in every frame, ByteTrack assigns the numbers."""

    def __init__(self) -> None:
        self._detector, self._tracker = open_detector("yunet"), ByteTrackTracker()

    def follow(self, frame: Frame) -> list[Track]:
        """Return the tracked faces of the next frame."""
        found = self._detector.detect(frame.image)
        boxes = np.array([face.box.edges for face in found], np.float32).reshape(-1, 4)
        scores = np.array([face.score for face in found], np.float32)
        paired = self._tracker.update(supervision.Detections(xyxy=boxes, confidence=scores))
        return [
            Track(number + 1, Box(*edges))
            for edges, number in zip(paired.xyxy, paired.tracker_id, strict=True)
            if number >= 0  # -1: ByteTrack has not confirmed this box yet
        ]


with Recognizer() as recognizer:
    for result in recognizer.stream(sys.argv[1], tracker=ByteTrack()):
        print(f"{result.frame.time_s:.2f} s: {[(face.track, face.label) for face in result]}")
