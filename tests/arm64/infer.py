"""Run a model or a detector COUNT times, as a device does. Usage: WHAT COUNT [CLIP]

The userland's Python runs this script. WHAT is the name of a bundled model or detector, a .tflite
file, or YuNet's .onnx file, which OpenCV runs. A detector gets an image of 320x192 pixels. With
CLIP, each run processes one frame of the clip: WHAT detects the face, the tracker follows it, and
`compact` recognizes the expression. All frames are decoded before the first run.
"""

import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import ModelError
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.video import Video
from fer_edge.runtime.detection.detector import Detection, FaceDetector
from fer_edge.runtime.detection.yunet import YuNet, as_detections
from fer_edge.runtime.measurement.probes.candidate import inference, read_candidate
from fer_edge.runtime.recognition.follower import Follower
from fer_edge.runtime.tracking.flow_tracker import open_tracker

LOOK = np.full((192, 320, 3), 128, np.uint8)


class OpenCVYuNet:
    """YuNet's float32 network from the .onnx file, run by OpenCV; the tracker shrinks frames."""

    long_side_px = 320

    def __init__(self, onnx: str) -> None:
        cv2.setNumThreads(1)
        self._network = cv2.FaceDetectorYN.create(onnx, "", (320, 192), 0.6, 0.3, 5000)

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        """Find faces; see `FaceDetector`."""
        self._network.setInputSize((image.shape[1], image.shape[0]))
        rows: Any = self._network.detect(image)[1]
        if rows is None:
            return []
        left, top, width, height = rows[:, :4].T
        return as_detections(np.stack([left, top, left + width, top + height, rows[:, 14]], axis=1))


def once(what: str) -> Callable[[], object]:
    """Return a function that runs the model, or the detector, once."""
    if what.endswith(".onnx"):
        opencv = OpenCVYuNet(what)
        return lambda: opencv.detect(LOOK)
    try:
        network = DetectorNetwork(read_detector(bundled_detectors().get(what, Path(what))))
    except ModelError:
        return inference(read_candidate(find_model(what)), None, threads=1)
    return lambda: network.find(LOOK)


def _detector(what: str) -> FaceDetector:
    if what.endswith(".onnx"):
        return OpenCVYuNet(what)
    return YuNet(bundled_detectors().get(what, Path(what)))


def a_frame(what: str, clip: Path) -> Callable[[], object]:
    """Return a function that processes the next frame of a clip; the first follows the last."""
    detector = _detector(what)
    follower = Follower(open_model(find_model("compact")), open_tracker(detector))
    frames = cycle(list(Video(clip, decoder_threads=1)))
    state = {"count": 0}

    def read() -> None:
        number = state["count"]
        state["count"] += 1
        result = follower.read_frame(Frame(next(frames).pixels, number, number / 25, "clip"))
        if not result.faces:
            raise SystemExit(f"frame {number} has no face")

    return read


if __name__ == "__main__":
    run = once(sys.argv[1]) if len(sys.argv) == 3 else a_frame(sys.argv[1], Path(sys.argv[3]))
    for _ in range(int(sys.argv[2])):
        run()
