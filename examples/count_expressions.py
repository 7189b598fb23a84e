"""How many seconds of each expression are in this video?

Run: python examples/count_expressions.py clip.mp4
"""

import sys
from collections import Counter
from contextlib import closing

from fer_edge import Recognizer, open_source

frames: Counter[str] = Counter()
with Recognizer() as recognizer, closing(open_source(sys.argv[1])) as video:
    for result in recognizer.stream(video):
        frames.update(face.label for face in result)

for label, count in frames.most_common():
    print(f"{label:9} {count / video.frame_rate_hz:6.2f} s")
