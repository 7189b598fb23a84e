"""Does my int8 model agree with the float model on my own photographs?

Run: python examples/compare_int_and_float.py int8.tflite float32.tflite photos/
"""

import sys

from fer_edge import Recognizer

agreed, differences = 0, []
with (
    Recognizer(sys.argv[1], uncertain_below=0) as ours,
    Recognizer(sys.argv[2], uncertain_below=0, detector="none") as other,
):
    for result in ours.stream(sys.argv[3]):
        for face in result:
            (same,) = other.read(face.crop())
            agreed += face.label == same.label
            shares = zip(face.probabilities.values(), same.probabilities.values(), strict=True)
            differences.append(max(abs(one - another) for one, another in shares))

print(f"{agreed} of {len(differences)} faces with the same label")
print(f"largest difference of a probability: {max(differences, default=0.0):.3f}")
