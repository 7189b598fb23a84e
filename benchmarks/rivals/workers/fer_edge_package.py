"""fer-edge itself, installed as `pip install .` does: RIVAL_HOME names the bundled model.

Every frame is detected anew, as the rivals do; `fer-edge run` on a video is cheaper, since it
follows a face between detections.
"""

import os

import numpy as np
from conversation import serve

from fer_edge.faces import model_input
from fer_edge.runtime import open_reader

reader = open_reader(os.environ["RIVAL_HOME"])


def read_face(face):
    pixels = model_input(face, *reader.model.input_size)
    return reader.model.labels[int(np.argmax(reader.model.probabilities(pixels)))]


serve(read_face, reader.read)
