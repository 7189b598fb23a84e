"""On which frame of this video is the happiest face?

Run: python examples/happiest_frame.py clip.mp4 happiest.jpg
"""

import sys

import cv2

from fer_edge.runtime import Result, annotate, read_source


def happiness(result: Result) -> float:
    """Return the highest probability of `happy` among a frame's faces, 0 for no face."""
    shares = (dict(zip(face.labels, face.probabilities, strict=True)) for face in result.faces)
    return max((share["happy"] for share in shares), default=0.0)


best = max(read_source(sys.argv[1]), key=happiness)
cv2.imwrite(sys.argv[2], annotate(best.frame.image, best.faces))
print(f"frame {best.frame.index} at {best.frame.time_s:.2f} s: happy {happiness(best):.0%}")
