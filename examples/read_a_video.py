"""What does each frame of this video say?

Run: python examples/read_a_video.py clip.mp4      (or a camera's number: 0)
"""

import sys

from fer_edge.runtime import read_source

source = int(sys.argv[1]) if sys.argv[1].isdigit() else sys.argv[1]
for result in read_source(source):
    faces = ", ".join(f"{item.label} {item.probability:.0%}" for item in result.faces)
    print(f"{result.frame.time_s:7.2f} s  {faces or 'nobody'}  ({result.times.total_ms:.1f} ms)")
