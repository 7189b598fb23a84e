"""Check of the bundled models and face detectors, and of the TFLite runtime."""

import time
from typing import Any

from fer_edge.errors import FerEdgeError

from .finding import Finding

_RUNS = 30
_WARM_UP_RUNS = 5
_REINSTALL = "pip install --force-reinstall fer-edge"


def examine_models() -> list[Finding]:
    """Read each bundled model, check its digest, and run it."""
    from fer_edge.model.bundled import bundled_models
    from fer_edge.model.file import read_model

    findings = []
    try:
        paths = bundled_models()
    except FerEdgeError as error:
        return [Finding("model", "problem", str(error), _REINSTALL)]
    for name, path in paths.items():
        try:
            file = read_model(path)
        except FerEdgeError as error:
            findings.append(Finding("model", "problem", str(error), _REINSTALL))
            continue
        text = (
            f"{name}, {file.card.quantization.scheme}, sha256 {file.card.sha256[:12]} as its card"
        )
        findings.append(Finding("model", "ok", text))
    return findings


def examine_detector() -> list[Finding]:
    """Read each bundled detector, check its digest, and open it."""
    from fer_edge.detector.file import bundled_detectors, read_detector
    from fer_edge.detector.network import DetectorNetwork

    findings = []
    try:
        paths = bundled_detectors()
    except FerEdgeError as error:
        return [Finding("detector", "problem", str(error), _REINSTALL)]
    for name, path in paths.items():
        try:
            file = read_detector(path)
            DetectorNetwork(file)
        except FerEdgeError as error:
            findings.append(Finding("detector", "problem", str(error), _REINSTALL))
            continue
        text = f"{name}, {file.card.scheme}, sha256 {file.card.sha256[:12]} as its card"
        findings.append(Finding("detector", "ok", text))
    return findings


def examine_aligner() -> list[Finding]:
    """Compare the bundled aligner with its card, and open it."""
    from fer_edge.aligner.aligner import open_aligner

    try:
        file = open_aligner().file
    except FerEdgeError as error:
        return [Finding("aligner", "problem", str(error), _REINSTALL)]
    text = f"{file.card.name}, {file.card.scheme}, sha256 {file.card.sha256[:12]} as its card"
    return [Finding("aligner", "ok", text)]


def examine_interpreter() -> list[Finding]:
    """Find the interpreter, and run the bundled int8 model with and without XNNPACK."""
    from fer_edge.inference.runtime import FOR_NUMPY_1, find_runtime, needs_numpy_1
    from fer_edge.model.bundled import DEFAULT_MODEL, find_model
    from fer_edge.model.file import read_model

    try:
        runtime = find_runtime()
    except FerEdgeError as error:
        what, _, advice = str(error).rpartition("; ")
        return [Finding("interpreter", "problem", what, advice)]
    found = Finding("interpreter", "ok", f"{runtime.name} {runtime.version}")
    flatbuffer = read_model(find_model(DEFAULT_MODEL)).flatbuffer
    try:
        return [found, _examine_xnnpack(runtime.module, flatbuffer, runtime.name)]
    except (ValueError, RuntimeError, SystemError, TypeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        text = f"{found.text} cannot run the bundled model: {reason}"
        advice = FOR_NUMPY_1 if needs_numpy_1(runtime) else "pip install -U ai-edge-litert"
        return [Finding("interpreter", "problem", text, advice)]


def delegated_operators(details: list[dict[str, Any]]) -> tuple[int, int]:
    """Count the operators that a delegate runs, from the interpreter's list.

    After delegation the list contains the graph's operators and then one DELEGATE for each part
    that a delegate runs. The operators of a part are those between its inputs and its outputs.

    Args:
        details: Result of `Interpreter._get_ops_details()`; op_name, inputs and outputs are used.

    Returns:
        (operators run by the delegate, operators of the graph).
    """
    parts = [item for item in details if item["op_name"] == "DELEGATE"]
    operators = [item for item in details if item["op_name"] != "DELEGATE"]
    makers = {int(out): item for item in operators for out in item["outputs"]}
    taken: set[int] = set()
    for part in parts:
        given = {int(tensor) for tensor in part["inputs"]}
        wanted = [int(tensor) for tensor in part["outputs"]]
        while wanted:
            tensor = wanted.pop()
            maker = makers.get(tensor)
            if tensor in given or maker is None or maker["index"] in taken:
                continue
            taken.add(maker["index"])
            wanted += [int(source) for source in maker["inputs"]]
    return len(taken), len(operators)


def _examine_xnnpack(module: Any, flatbuffer: bytes, runtime: str) -> Finding:
    usual = module.Interpreter(model_content=flatbuffer, num_threads=1)
    usual.allocate_tensors()
    usual_ms = _median_ms(usual)
    # not public, but the only place where the interpreter reports what a delegate runs
    list_operators = getattr(usual, "_get_ops_details", None)
    if list_operators is None:
        return Finding(
            "xnnpack", "ok", f"int8 takes {usual_ms:.2f} ms; this runtime does not report it"
        )
    taken, total = delegated_operators(list_operators())
    if taken == 0 and runtime == "tflite-runtime":
        return Finding(
            "xnnpack",
            "note",
            f"runs none of the int8 model's {total} operators, as always with {runtime} on a PC; "
            f"one face takes {usual_ms:.2f} ms",
            "this runtime is meant for an Edge TPU (--delegate edgetpu) or an arm64 board",
        )
    if taken == 0:
        return Finding(
            "xnnpack",
            "warning",
            f"runs none of the int8 model's {total} operators; one face takes {usual_ms:.2f} ms",
            "pip install ai-edge-litert, which runs int8 with XNNPACK",
        )
    text = f"runs {taken} of the int8 model's {total} operators; one face takes {usual_ms:.2f} ms"
    resolvers = getattr(module, "OpResolverType", None)
    if resolvers is None:
        return Finding("xnnpack", "ok", text)
    plain = module.Interpreter(
        model_content=flatbuffer,
        num_threads=1,
        experimental_op_resolver_type=resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    plain.allocate_tensors()
    return Finding("xnnpack", "ok", f"{text}, {_median_ms(plain):.2f} ms without it")


def _median_ms(interpreter: Any) -> float:
    import numpy as np

    details = interpreter.get_input_details()[0]
    interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
    samples = []
    for _ in range(_WARM_UP_RUNS + _RUNS):
        started = time.perf_counter()
        interpreter.invoke()
        samples.append(1e3 * (time.perf_counter() - started))
    return float(np.median(samples[_WARM_UP_RUNS:]))
