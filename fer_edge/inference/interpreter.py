"""A bare TFLite interpreter on a graph."""

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


def open_interpreter(
    runtime: Runtime, flatbuffer: bytes, *, name: str, threads: int, delegate: str | None = None
) -> Any:
    """Open a bare interpreter, tensors allocated; `name` stands in messages.

    `TFLiteModel` is the door for whoever wants expressions. This one is for measuring files that
    have no card.

    Raises:
        ModelError: The runtime refuses the graph or the delegate.
    """
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
            num_threads=threads,
            experimental_delegates=delegates or None,
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, SystemError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        advice = ""
        if EDGETPU_OPERATOR.decode() in reason:
            advice = "; it is compiled for the Edge TPU: pass --delegate edgetpu"
        elif needs_numpy_1(runtime):
            advice = f"; it was built for NumPy 1, and here is {np.__version__}: {FOR_NUMPY_1}"
        raise ModelError(
            f"{name} cannot be run by {runtime.name} {runtime.version}: {reason}{advice}"
        ) from error
    return interpreter
