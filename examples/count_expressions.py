"""How many seconds of each expression does this video have?

Run: python examples/count_expressions.py clip.mp4
"""

import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from fer_edge.runtime import open_source, read_source

frames: Counter[str] = Counter()
with closing(open_source(Path(sys.argv[1]))) as source:
    for result in read_source(source):
        frames.update(face.label for face in result.faces)

for label, count in frames.most_common():
    print(f"{label:9} {count / source.frame_rate_hz:6.2f} s")
