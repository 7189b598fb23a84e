"""How do I read faces that are cut already, as NumPy arrays?

Run: python examples/classify_crops.py faces.npy      (uint8, (n, height, width), grey)
"""

import sys

import numpy as np

from fer_edge.bundled import find_model
from fer_edge.faces import model_inputs
from fer_edge.interpreter import open_model

faces = np.load(sys.argv[1])
with open_model(find_model("compact")) as model:
    probabilities = model.probabilities_of(model_inputs(faces, *model.input_size))  # (n, classes)

for number, row in enumerate(probabilities):
    print(f"face {number}: {model.labels[row.argmax()]} ({row.max():.0%})")
