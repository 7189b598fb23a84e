"""`facex` 1.1.0: one classifier of its pool, without the pool's threads."""

import pathlib

import facex.core
from conversation import serve

NAMES = {"anger": "angry", "sadness": "sad", "surprised": "surprise"}  # -> FER2013's
assets = pathlib.Path(facex.core.__file__).parent / "assets"
classifier = facex.core.EmotionClassifier(str(assets / "model_optimized.tflite"))


def read_face(face):
    scores = classifier.detect_emotion(face)
    label = max(scores, key=scores.get)
    return NAMES.get(label, label)


serve(read_face, classifier.predict)
