"""fer-edge itself, installed as `pip install .` does: RIVAL_HOME names the bundled model.

Faces are detected in every frame, as the rivals do; `fer-edge run` on a video is cheaper, since it
follows a face between detections.
"""

import os

from conversation import serve

from fer_edge import Recognizer

faces = Recognizer(os.environ["RIVAL_HOME"], detector="none", uncertain_below=0)
pictures = Recognizer(os.environ["RIVAL_HOME"])


def read_face(face):
    return faces.read(face)[0].label


serve(read_face, pictures.read)
