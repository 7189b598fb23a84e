"""The installed TFLite runtime.

LiteRT (ai-edge-litert); if it is not installed, tflite-runtime (old Coral stacks), then TensorFlow.
"""

import importlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from fer_edge.errors import MissingExtraError

RUNTIMES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow")
"""Modules that have an `Interpreter` (TensorFlow: in its `lite`), in order of preference."""

FOR_NUMPY_1 = "pip install 'numpy<2' 'opencv-python-headless<4.12'"
"""Packages that modules built for NumPy 1, such as tflite-runtime, need."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """The TFLite runtime in use.

    Attributes:
        name: Name of its distribution.
        module: Module with `Interpreter` and `load_delegate`.
    """

    name: str
    module: Any

    @property
    def version(self) -> str:
        """Version of its distribution, looked up when needed: importing the lookup is slow."""
        from importlib import metadata

        try:
            return metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return "unknown"


def find_runtime() -> Runtime:
    """Import the first installed TFLite runtime that works in this environment.

    Raises:
        MissingExtraError: There is none.
    """
    failures = []
    for path in RUNTIMES:
        package = path.partition(".")[0]
        try:
            module: Any = importlib.import_module(path)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != package:
                failures.append(f"{package} needs {error.name}")
            continue
        # if compiled for another NumPy or C library, these raise almost any exception
        except Exception as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            failures.append(f"{package} cannot be imported ({reason})")
            continue
        if package == "tensorflow":
            # `tensorflow.lite` is an attribute; the module of that name is a different one
            module = SimpleNamespace(
                Interpreter=module.lite.Interpreter,
                load_delegate=module.lite.experimental.load_delegate,
            )
        return Runtime(package.replace("_", "-"), module)
    found = ", ".join(failures) or "no TFLite runtime is installed"
    raise MissingExtraError(f"{found}; run: pip install ai-edge-litert")


def needs_numpy_1(runtime: Runtime) -> bool:
    """Return whether the runtime fails because it was built for NumPy 1."""
    is_new = np.lib.NumpyVersion(np.__version__) >= "2.0.0"
    return is_new and runtime.name == "tflite-runtime"
