"""How do I recognize faces that are already cropped, as NumPy arrays?

Run: python examples/classify_crops.py faces.npy      (uint8, (n, height, width), grayscale)
"""

import sys

import numpy as np

from fer_edge import Recognizer

with Recognizer(detector="none", uncertain_below=0) as recognizer:
    for number, crop in enumerate(np.load(sys.argv[1])):
        (face,) = recognizer.read(crop)
        print(f"face {number}: {face.label} ({face.probability:.0%})")
