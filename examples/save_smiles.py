"""How do I save a picture when someone begins to smile?

Run: python examples/save_smiles.py clip.mp4 smiles      (0 in place of clip.mp4: the camera)
"""

import sys
from pathlib import Path

import cv2

from fer_edge import Recognizer

source, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
smiling: set[int | None] = set()
with Recognizer() as recognizer:
    for result in recognizer.stream(int(source) if source.isdigit() else source):
        now = {face.track for face in result if face.label == "happy"}
        if now - smiling:
            path = folder / f"{result.frame.index:06}.jpg"
            cv2.imwrite(str(path), result.draw())  # result.frame.image: without boxes
            print(path)
        smiling = now
