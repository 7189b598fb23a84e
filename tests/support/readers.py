"""Reader and follower, the parts of `Recognizer`, with the bundled model."""

from typing import Any

from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.detection.detector import WholeFrame
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.recognition.follower import Follower
from fer_edge.runtime.recognition.reader import Reader
from fer_edge.runtime.tracking.flow_tracker import open_tracker


def open_reader(detector: str = "none", **more: Any) -> Reader:
    """Return a reader for single pictures."""
    return Reader(open_model(find_model(DEFAULT_MODEL)), open_detector(detector), **more)


def open_follower(detector: str = "yunet", **more: Any) -> Follower:
    """Return a follower for videos."""
    found = open_detector(detector)
    return Follower(
        open_model(find_model(DEFAULT_MODEL)),
        open_tracker(found),
        boxes_are_crops=isinstance(found, WholeFrame),
        **more,
    )
