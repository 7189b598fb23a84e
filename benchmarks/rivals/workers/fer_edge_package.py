"""fer-edge, installed like `pip install .`: RIVAL_HOME is the name of the bundled model.

Faces are detected in every frame, as by the other packages; `fer-edge run` on a video is cheaper,
since it tracks faces between detections.
"""

import os

from conversation import serve

from fer_edge import Recognizer

faces = Recognizer(os.environ["RIVAL_HOME"], detector="none", uncertain_below=0)
pictures = Recognizer(os.environ["RIVAL_HOME"])


def read_face(face):
    return faces.read(face)[0].label


serve(read_face, pictures.read)
