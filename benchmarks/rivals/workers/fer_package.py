"""`fer` 25.10.3 with its .tflite file and the defaults of `FER()`: Haar detector, no MTCNN.

A cropped face goes through the package's own preprocessing and classifier; its
`detect_emotions(img, face_rectangles)` would first add a border of ten pixels around it.
"""

import cv2
import numpy as np
from conversation import serve
from fer.fer import FER

detector = FER()
LABELS = detector._get_labels()


def read_face(face):
    gray = cv2.resize(face, (64, 64)).astype("float32")
    scores = detector._classify_emotions(((gray / 255.0 - 0.5) * 2.0)[np.newaxis])[0]
    return LABELS[int(np.argmax(scores))]


serve(read_face, detector.detect_emotions)
