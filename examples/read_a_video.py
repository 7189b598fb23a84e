"""Which expressions does each frame of this video show?

Run: python examples/read_a_video.py clip.mp4      (or a camera's number: 0)
"""

import sys

from fer_edge import Recognizer

source = int(sys.argv[1]) if sys.argv[1].isdigit() else sys.argv[1]
with Recognizer() as recognizer:
    for result in recognizer.stream(source):
        faces = ", ".join(f"{face.label} {face.probability:.0%}" for face in result)
        print(
            f"{result.frame.time_s:7.2f} s  {faces or 'no face'}  ({result.times.total_ms:.1f} ms)"
        )
