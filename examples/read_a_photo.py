"""Which expressions are on this photograph?

Run: python examples/read_a_photo.py photo.jpg
"""

import sys
from pathlib import Path

from fer_edge.runtime import open_reader, read_image

image = read_image(Path(sys.argv[1]))  # or cv2.imread: uint8, (height, width, 3), BGR
with open_reader() as reader:
    for face in reader.read(image):
        box = face.box
        print(f"{face.label} ({face.probability:.0%}) at {box.left:.0f}, {box.top:.0f}")
