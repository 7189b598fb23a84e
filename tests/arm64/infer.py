"""Run something so many times, as a device does: WHAT COUNT [CLIP]. Runs inside the userland.

WHAT is a bundled model's or detector's name, a .tflite file, or YuNet's .onnx, which OpenCV runs. A
detector looks at 320x192 pixels. With a CLIP, a frame of it is found, followed and read by
`compact`, with WHAT as detector; decoding is done before.
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
    """The float network of the .onnx file, run by OpenCV, on frames that the tracker shrinks."""

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
    """Return what runs a model, or looks at an image, once."""
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
    """Return what reads the next frame of a clip, over and over."""
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
