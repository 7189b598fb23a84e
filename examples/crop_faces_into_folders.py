"""How do I sort the faces of my photographs into one folder for each expression?

Run: python examples/crop_faces_into_folders.py photos/ faces/
"""

import sys
from pathlib import Path

import cv2

from fer_edge import Recognizer

photos, faces = map(Path, sys.argv[1:3])
with Recognizer() as recognizer:
    for result in recognizer.stream(photos):
        for number, face in enumerate(result):
            folder = faces / face.label
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{Path(result.frame.name).stem}-{result.frame.index}-{number}.png"
            cv2.imwrite(str(folder / name), face.crop())  # as the model sees it, but in color
            print(folder / name)
