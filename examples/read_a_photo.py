"""Which expressions does this photograph show?

Run: python examples/read_a_photo.py photo.jpg
"""

import sys

from fer_edge import Recognizer

with Recognizer() as recognizer:
    for face in recognizer.read(sys.argv[1]):
        print(f"{face.label} ({face.probability:.0%}) at {face.box.left:.0f}, {face.box.top:.0f}")
