"""Run a model so many times, as the benchmark does: NAME|FILE COUNT. Runs inside the userland."""

import sys

from fer_edge.model.bundled import find_model
from fer_edge.runtime.measurement.probes.candidate import inference, read_candidate

infer = inference(read_candidate(find_model(sys.argv[1])), None, threads=1)
for _ in range(int(sys.argv[2])):
    infer()
