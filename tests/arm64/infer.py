"""Open a bundled model and run it so many times: NAME COUNT. Runs inside the userland."""

import sys

import numpy as np

from fer_edge.bundled import find_model
from fer_edge.interpreter import open_model

with open_model(find_model(sys.argv[1])) as model:
    tensor = model.prepare(np.full((*model.input_size, 1), 128, np.uint8))
    for _ in range(int(sys.argv[2])):
        model.invoke(tensor)
