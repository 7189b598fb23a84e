"""Detect faces in each 320x192 PNG file of a FOLDER; print the detector's rows as JSON."""

import json
import sys
from pathlib import Path

import cv2

from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork

network = DetectorNetwork(read_detector(bundled_detectors()["yunet"]))
pictures = sorted(Path(sys.argv[1]).glob("*.png"))
print(json.dumps([network.find(cv2.imread(str(path))).tolist() for path in pictures]))
