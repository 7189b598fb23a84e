"""Which frame of this video has the happiest face?

Run: python examples/happiest_frame.py clip.mp4 happiest.jpg
"""

import sys

import cv2

from fer_edge import Recognizer, Result


def happiness(result: Result) -> float:
    """Return the highest probability of `happy` among the faces of a frame, 0 without a face."""
    return max((face.probabilities["happy"] for face in result), default=0.0)


with Recognizer() as recognizer:
    best = max(recognizer.stream(sys.argv[1]), key=happiness)
cv2.imwrite(sys.argv[2], best.draw())
print(f"frame {best.frame.index} at {best.frame.time_s:.2f} s: happy {happiness(best):.0%}")
