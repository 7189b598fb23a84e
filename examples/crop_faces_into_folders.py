"""How do I sort the faces of my photographs into a folder for each expression?

Run: python examples/crop_faces_into_folders.py photos/ faces/
"""

import sys
from pathlib import Path

import cv2

from fer_edge.faces import crop
from fer_edge.runtime import open_reader, read_source

photos, faces = map(Path, sys.argv[1:3])
with open_reader() as reader:
    policy = reader.model.file.card.input.crop
    for result in read_source(photos, reader=reader):
        for number, face in enumerate(result.faces):
            folder = faces / face.label
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{Path(result.frame.name).stem}-{result.frame.index}-{number}.png"
            cv2.imwrite(str(folder / name), crop(result.frame.image, face.box, policy))
            print(folder / name)
