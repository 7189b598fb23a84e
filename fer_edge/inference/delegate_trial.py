"""One inference in its own process: `python -m fer_edge.inference.delegate_trial ... < MODEL`.

Coral's library speaks to TFLite by structures in memory. One that was built for another version
crashes the process (google-coral/edgetpu issue 812: Google's own build from TFLite 2.12 on), and
what crashes here leaves `fer-edge run` alive to say so.
"""

import signal
import subprocess
import sys

import numpy as np

from fer_edge.child import module_command
from fer_edge.errors import ModelError
from fer_edge.inference.delegate import Delegate
from fer_edge.inference.runtime import find_runtime

TIMEOUT_S = 30.0
"""An Accelerator on USB takes some seconds for its first use, in which it loads its firmware."""


def check_survival(delegate: Delegate, text: str, flatbuffer: bytes) -> None:
    """Try a delegate on a graph; an error that is not a crash is left to the real use.

    Args:
        delegate: What to try.
        text: What `--delegate` was given, for messages.
        flatbuffer: The graph.

    Raises:
        ModelError: The process crashed or hung.
    """
    try:
        done = subprocess.run(
            module_command(__name__, delegate.library, delegate.device),
            input=flatbuffer,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            f"delegate {text} gave no answer for {TIMEOUT_S:.0f} s; plug the device in again, or "
            "leave the delegate out"
        ) from error
    if done.returncode < 0:
        runtime = find_runtime()
        raise ModelError(
            f"delegate {text} crashes with {runtime.name} {runtime.version} "
            f"({signal.Signals(-done.returncode).name}): {delegate.library} was built "
            "for another version of TFLite; install one that was built for a newer TFLite, or "
            "leave the delegate out"
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
