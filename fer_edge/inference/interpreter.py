"""A TFLite interpreter for a graph."""

from typing import Any

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.inference.delegate import (
    EDGETPU_OPERATOR,
    check_compiled,
    find_library,
    load_delegate,
)
from fer_edge.inference.runtime import FOR_NUMPY_1, Runtime, needs_numpy_1
from fer_edge.limits import MOST_THREADS
from fer_edge.model.archive import Origin
from fer_edge.ranges import check_range


def open_interpreter(
    runtime: Runtime,
    flatbuffer: bytes,
    *,
    name: str,
    threads: int,
    origin: Origin,
    delegate: str | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> Any:
    """Open an interpreter and allocate its tensors.

    Classifiers are opened with `TFLiteModel`, face detectors with `DetectorNetwork`.

    Args:
        runtime: Runtime from `find_runtime`.
        flatbuffer: The graph.
        name: Name of the graph, for messages.
        threads: CPU threads per inference.
        origin: Origin of the graph; a graph from a file is tested first, see `model_trial`.
        delegate: `edgetpu`, `edgetpu:usb:0`, ..., a TFLite delegate's library, or None.
        input_shape: Shape of the first input; None keeps the shape in the file.

    Raises:
        ModelError: The runtime rejects the graph or the delegate.
        ConfigError: The number of threads is out of range.
    """
    check_range("threads", threads, 1, MOST_THREADS, is_whole=True)
    if origin == "disk":
        from fer_edge.inference.model_trial import check_model

        reason = check_model(flatbuffer, name, runtime, input_shape)
        # a graph for a device cannot be tested without it
        if reason and not (delegate is not None and EDGETPU_OPERATOR.decode() in reason):
            raise _refused(runtime, name, reason)
    delegates = []
    if delegate is not None:
        found = find_library(delegate)
        if found.is_edgetpu:
            from fer_edge.inference.delegate_trial import check_survival

            check_survival(found, delegate, flatbuffer)
        delegates.append(load_delegate(delegate, runtime.module))
        check_compiled(flatbuffer, delegate, name)
    try:
        interpreter = runtime.module.Interpreter(
            model_content=flatbuffer,
            num_threads=int(threads),  # the runtime rejects NumPy's integers
            experimental_delegates=delegates or None,
        )
        if input_shape is not None:
            interpreter.resize_tensor_input(
                interpreter.get_input_details()[0]["index"], input_shape
            )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, SystemError, MemoryError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise _refused(runtime, name, reason) from error
    return interpreter


def _refused(runtime: Runtime, name: str, reason: str) -> ModelError:
    advice = ""
    if EDGETPU_OPERATOR.decode() in reason:
        advice = (
            "; it is compiled for the Edge TPU: pass --delegate edgetpu (for a detector "
            "--detector-delegate edgetpu; in Python: delegate='edgetpu')"
        )
    elif needs_numpy_1(runtime):
        advice = (
            f"; it was built for NumPy 1, but NumPy {np.__version__} is installed: {FOR_NUMPY_1}"
        )
    return ModelError(f"{name} cannot be run by {runtime.name} {runtime.version}: {reason}{advice}")
