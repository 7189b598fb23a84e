"""Two tracks on one face."""

import numpy as np

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.detection.detector import Detection
from fer_edge.runtime.tracking.flow_tracker import FaceTracker
from tests.support.moving_faces import Image, as_frames


class Scripted:
    """Detector that finds the boxes of a script, one frame after the other."""

    def __init__(self, *script: list[Box]) -> None:
        self._script = iter(script)

    def detect(self, image: Image) -> list[Detection]:
        return [Detection(box, 0.9) for box in next(self._script)]


def numbers(*script: list[Box]) -> list[list[int]]:
    """Return the numbers of the tracks in each frame."""
    tracker = FaceTracker(Scripted(*script), every=1)
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)
    frames = as_frames([noise] * len(script))
    return [sorted(track.number for track in tracker.follow(frame)) for frame in frames]


def test_a_missed_track_ends_at_once_if_it_is_on_the_face_of_another() -> None:
    face, double = Box(200, 100, 300, 200), Box(200, 125, 300, 225)  # they overlap by 0.6
    assert numbers(*4 * [[face, double]], *2 * [[face]]) == [*4 * [[1, 2]], *2 * [[1]]]
    neighbor = Box(200, 150, 300, 250)
    assert numbers(*4 * [[face, neighbor]], *2 * [[face]]) == 6 * [[1, 2]]
