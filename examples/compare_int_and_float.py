"""Does my int8 model say the same as the float one on my own photographs?

Run: python examples/compare_int_and_float.py int8.tflite float32.tflite photos/
"""

import sys

import numpy as np

from fer_edge.bundled import find_model
from fer_edge.faces import crop, model_input
from fer_edge.interpreter import open_model
from fer_edge.runtime import open_reader, read_source

agreed, differences = 0, []
with open_reader(sys.argv[1]) as reader, open_model(find_model(sys.argv[2])) as other:
    policy = reader.model.file.card.input.crop
    for result in read_source(sys.argv[3], reader=reader):
        for face in result.faces:
            cut = crop(result.frame.image, face.box, policy)
            theirs = other.probabilities(model_input(cut, *other.input_size))
            agreed += face.label == other.labels[int(theirs.argmax())]
            differences.append(np.abs(theirs - face.probabilities).max())

print(f"{agreed} of {len(differences)} faces with the same label")
print(f"largest difference of a probability: {max(differences, default=0.0):.3f}")
