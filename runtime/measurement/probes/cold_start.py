"""Loading and first inference of a model, in a new process.

    python -m fer_edge.runtime.measurement.probes.cold_start FILE THREADS

A separate process is needed since used memory is not returned, and since the second model to load
finds a warm runtime. VmHWM in /proc is read instead of getrusage, whose value starts with the
parent's.
"""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.runtime import find_runtime
from fer_edge.model.archive import read_flatbuffer_file
from fer_edge.schema import encode

from .fresh_process import FreshProcessError, in_fresh_process

_MODULE = "fer_edge.runtime.measurement.probes.cold_start"
RUNS = 50


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Measurements of a fresh process for one file.

    Attributes:
        load_ms: Reading the file and preparing the interpreter, without Python and its imports, and
            with a warm disk cache.
        first_inference_ms: First inference after that.
        peak_memory_mib: Largest resident set of the process, in MiB, after 50 inferences; None if
            unknown.
        added_memory_mib: That value minus the one before the file was read.
    """

    load_ms: float
    first_inference_ms: float
    peak_memory_mib: float | None
    added_memory_mib: float | None


def cold_start(path: Path, threads: int) -> ColdStart:
    """Load and run a file in a fresh process.

    Raises:
        ModelError: The process fails.
    """
    try:
        return in_fresh_process(_MODULE, ColdStart, str(path), str(threads))
    except FreshProcessError as error:
        raise ModelError(f"{path} cannot be run in a separate process: {error}") from error


def median_start(starts: Sequence[ColdStart]) -> ColdStart:
    """Return the median of each value."""
    peaks = [item.peak_memory_mib for item in starts if item.peak_memory_mib is not None]
    added = [item.added_memory_mib for item in starts if item.added_memory_mib is not None]
    return ColdStart(
        load_ms=statistics.median(item.load_ms for item in starts),
        first_inference_ms=statistics.median(item.first_inference_ms for item in starts),
        peak_memory_mib=statistics.median(peaks) if peaks else None,
        added_memory_mib=statistics.median(added) if added else None,
    )


def probe(path: Path, threads: int) -> ColdStart:
    """Load and run a file in this process."""
    runtime = find_runtime()
    before = peak_memory_mib()
    started = time.perf_counter()
    interpreter = open_interpreter(
        *(runtime, read_flatbuffer_file(path)), name=str(path), threads=threads, origin="memory"
    )
    loaded = time.perf_counter()
    for item in interpreter.get_input_details():
        interpreter.set_tensor(item["index"], np.zeros(item["shape"], item["dtype"]))
    ready = time.perf_counter()
    interpreter.invoke()
    first = time.perf_counter()
    for _ in range(RUNS - 1):
        interpreter.invoke()
    after = peak_memory_mib()
    return ColdStart(
        load_ms=1e3 * (loaded - started),
        first_inference_ms=1e3 * (first - ready),
        peak_memory_mib=after,
        added_memory_mib=None if after is None or before is None else after - before,
    )


def peak_memory_mib() -> float | None:
    """Return this process's largest resident set, in MiB; None if unknown."""
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(encode(probe(Path(sys.argv[1]), int(sys.argv[2])))))
