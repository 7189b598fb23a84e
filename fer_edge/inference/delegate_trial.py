"""One inference in a separate process: `python -m fer_edge.inference.delegate_trial ... < MODEL`.

Coral's library exchanges in-memory structures with TFLite. A library that was built for another
version crashes the process (google-coral/edgetpu issue 812: Google's own build, from TFLite 2.12
on). A crash here leaves `fer-edge run` alive to report it.
"""

import signal
import subprocess
import sys

import numpy as np

from fer_edge.child import clean_environment, module_command
from fer_edge.errors import ModelError
from fer_edge.inference.delegate import Delegate
from fer_edge.inference.runtime import find_runtime

TIMEOUT_S = 30.0
"""A USB Accelerator needs some seconds for its first use, in which it loads its firmware."""


def check_survival(delegate: Delegate, text: str, flatbuffer: bytes) -> None:
    """Run a graph with a delegate; errors other than crashes are left to the real use.

    Args:
        delegate: Delegate to test.
        text: Value of `--delegate`, for messages.
        flatbuffer: The graph.

    Raises:
        ModelError: The process crashed or did not respond.
    """
    try:
        done = subprocess.run(
            module_command(__name__, delegate.library, delegate.device),
            input=flatbuffer,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=TIMEOUT_S,
            env=clean_environment(),
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"delegate {text} did not respond within {TIMEOUT_S:.0f} s; unplug the device and "
            "plug it in again, or omit the delegate"
        ) from error
    if done.returncode < 0:
        runtime = find_runtime()
        raise ModelError(
            f"delegate {text} crashes with {runtime.name} {runtime.version} "
            f"({signal.Signals(-done.returncode).name}): {delegate.library} was built for "
            "another version of TFLite; install one that was built for a newer TFLite, or omit "
            "the delegate"
        )


def main() -> None:
    """Run one inference on zeros."""
    library, device = sys.argv[1:]
    module = find_runtime().module
    options = {"device": device} if device else {}
    interpreter = module.Interpreter(
        model_content=sys.stdin.buffer.read(),
        experimental_delegates=[module.load_delegate(library, options)],
    )
    interpreter.allocate_tensors()
    for item in interpreter.get_input_details():
        interpreter.set_tensor(item["index"], np.zeros(item["shape"], item["dtype"]))
    interpreter.invoke()


if __name__ == "__main__":
    main()
