"""Run a model so many times, as the benchmark does: NAME|FILE COUNT. Runs inside the userland.

A face detector looks at 320x192 pixels.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import ModelError
from fer_edge.model.bundled import find_model
from fer_edge.runtime.measurement.probes.candidate import inference, read_candidate


def prepare(name: str) -> Callable[[], object]:
    """Return what runs the model once."""
    try:
        network = DetectorNetwork(read_detector(bundled_detectors().get(name, Path(name))))
    except ModelError:
        return inference(read_candidate(find_model(name)), None, threads=1)
    image = np.full((192, 320, 3), 128, np.uint8)
    return lambda: network.find(image)


infer = prepare(sys.argv[1])
for _ in range(int(sys.argv[2])):
    infer()
