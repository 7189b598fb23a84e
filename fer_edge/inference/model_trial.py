"""First use of a model in a separate process: `python -m fer_edge.inference.model_trial BYTES`.

A damaged or malicious graph can crash the process that opens it, or fill the memory. So an unknown
file is first opened and run by a child process with limits (`fer_edge.limits`); success is recorded
by digest, so later starts are fast. The trial shows that a file works here. It does not protect
against a graph that misbehaves only for certain pictures: see SECURITY.md.
"""

import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.child import limit_process, run_on_trial
from fer_edge.errors import ModelError
from fer_edge.inference.runtime import Runtime, find_runtime
from fer_edge.limits import RAISE_THE_LIMIT, TRIAL_S, memory_bytes
from fer_edge.shown import printable

_REFUSED, _NO_MEMORY = 3, 4
"""Exit codes of the child."""

CACHE_VARIABLES = ("CACHE_DIRECTORY", "XDG_CACHE_HOME")
"""Environment variables with the folder for records: systemd's, then the desktop's."""


def check_model(
    flatbuffer: bytes, name: str, runtime: Runtime, input_shape: tuple[int, ...] | None = None
) -> str:
    """Test a model, unless a record states that it was tested with this runtime.

    Args:
        flatbuffer: The graph.
        name: Name in messages.
        runtime: Runtime that will run it.
        input_shape: Shape of the first input; None keeps the shape in the file.

    Returns:
        The runtime's reason to reject it; empty if it works.

    Raises:
        ModelError: The child crashed, did not respond, or needed too much memory.
    """
    shape = " ".join(map(str, input_shape or ()))
    note = _note(flatbuffer, runtime, shape)
    # os.path: pathlib raises an error in a folder that this user cannot enter
    if note is not None and os.path.exists(note):  # noqa: PTH110
        return ""
    reason = _try(flatbuffer, name, shape)
    if not reason and note is not None:
        _write(note)
    return reason


def _note(flatbuffer: bytes, runtime: Runtime, shape: str) -> Path | None:
    """Return the file that records a tested model; None if there is no folder for it."""
    digest = hashlib.sha256(flatbuffer)
    # the runtime's file changes with its version, and is quick to check
    place = Path(str(getattr(runtime.module, "__file__", None) or np.__file__))
    digest.update(f"{runtime.name} {place} {place.stat().st_mtime_ns} {shape}".encode())
    folder = _cache_folder()
    return folder and folder / "fer-edge" / "tried-models" / digest.hexdigest()


def _cache_folder() -> Path | None:
    """Return the folder for caches; None if there is none. Relative paths do not count (XDG)."""
    for variable in CACHE_VARIABLES:
        folder = Path(os.environ.get(variable, "").partition(":")[0])
        if folder.is_absolute():
            return folder
    try:
        home = Path.home()
    except RuntimeError:  # this user has no home folder
        return None
    return home / ".cache" if home.is_absolute() else None


def _write(note: Path) -> None:
    try:
        note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        note.touch()
    except OSError:  # a read-only system: test at each start
        return


def _try(flatbuffer: bytes, name: str, shape: str) -> str:
    """Run the child; return the runtime's reason to reject the graph."""
    done = run_on_trial(__name__, str(memory_bytes()), *shape.split(), given=flatbuffer)
    if done is None:
        raise ModelError(
            f"{name} could not be opened and run within {TRIAL_S:.0f} s; it is damaged, or too "
            "large for this device"
        )
    if done.returncode == _NO_MEMORY or b"bad_alloc" in done.stderr:
        raise ModelError(
            f"{name} needs more than {memory_bytes() / 1e6:.0f} MB of memory; {RAISE_THE_LIMIT}"
        )
    if done.returncode < 0:
        raise ModelError(
            f"{name} crashes the TFLite runtime ({signal.Signals(-done.returncode).name}): it is "
            "damaged or malicious; get it again from a source that you trust"
        )
    if done.returncode not in (0, _REFUSED):
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise ModelError(
            f"{name} cannot be tried in a separate process: {printable(lines[-1], 200)}"
        )
    return printable(done.stdout.decode("utf-8", "replace"), 300)


def main() -> None:
    """Open the graph on standard input and run it three times; print the result."""
    flatbuffer = sys.stdin.buffer.read()
    module = find_runtime().module
    limit_process(int(sys.argv[1]), TRIAL_S)
    try:
        interpreter = module.Interpreter(model_content=flatbuffer, num_threads=1)
        if shape := [int(size) for size in sys.argv[2:]]:
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
        interpreter.allocate_tensors()
        _run(interpreter)
    except Exception as error:  # the runtime raises any C++ exception
        lines = str(error).strip().splitlines()
        if isinstance(error, MemoryError) or not lines:  # it has no message when memory is full
            sys.exit(_NO_MEMORY)
        sys.stdout.buffer.write(lines[0].encode("utf-8", "replace"))
        sys.exit(_REFUSED)


def _run(interpreter: Any) -> None:
    """Run black, white and noise, since kernels may use lookup tables."""
    random = np.random.default_rng(0)
    for low, high in ((0, 0), (255, 255), (0, 255)):
        for item in interpreter.get_input_details():
            values = random.integers(low, high + 1, item["shape"])
            is_signed = item["dtype"] == np.int8
            values = values - 128 if is_signed else values
            scale = 255 if np.issubdtype(item["dtype"], np.floating) else 1
            interpreter.set_tensor(item["index"], (values / scale).astype(item["dtype"]))
        interpreter.invoke()
        for item in interpreter.get_output_details():
            interpreter.get_tensor(item["index"])


if __name__ == "__main__":
    main()
