"""`python -m fer_edge.runtime.benchmark.memory_probe FILE`: peak and added memory of a model, MB.

A process of its own, since memory that was used once is not given back. VmHWM of /proc is read
instead of getrusage, whose figure starts with the parent's.
"""

import json
import sys
from pathlib import Path

import numpy as np

from fer_edge.interpreter import find_runtime, open_interpreter
from fer_edge.modelfile import read_flatbuffer_file

RUNS = 50


def probe(path: Path) -> tuple[float, float]:
    """Return (peak, added) resident memory in MB of loading and running a file."""
    runtime = find_runtime()
    before = _peak_mb()
    interpreter = open_interpreter(runtime, read_flatbuffer_file(path), name=str(path), threads=1)
    for item in interpreter.get_input_details():
        interpreter.set_tensor(item["index"], np.zeros(item["shape"], item["dtype"]))
    for _ in range(RUNS):
        interpreter.invoke()
    after = _peak_mb()
    return after, after - before


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(Path(sys.argv[1]))))
