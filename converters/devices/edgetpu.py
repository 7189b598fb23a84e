"""Static check of a `.tflite` file for the Edge TPU against Google's documentation.

The check does not run the file and needs no compiler, so it works on every machine. Its rules are
those of "TensorFlow models on the Edge TPU" (https://coral.ai/docs/edgetpu/models-intro/), under
Model requirements and Supported operations. The compiler has undocumented limits; its log is
authoritative (`edgetpu_compiler.py`).
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fer_edge.detector.file import bundled_detectors
from fer_edge.model.archive import read_flatbuffer_file
from fer_edge.model.bundled import bundled_models
from fer_edge.model.graph import Graph, Operator, Tensor, read_graph

from .edgetpu_operators import (
    CONSTANT_PARAMETERS,
    OPERATORS,
    UNREADABLE_FROM,
    YES,
    Verdict,
)

ON_CHIP_BYTES = 8_000_000
"""On-chip memory for parameters: "roughly 8 MB" (https://coral.ai/docs/edgetpu/compiler/)."""

CUSTOM_OPERATOR = "edgetpu-custom-op"
"""Operator that replaces everything that the compiler mapped."""

_EIGHT_BIT = ("INT8", "UINT8")
_AFTER = Verdict("no", "comes after an operator that does not map")
_REFUSED = Verdict("no", "the compiler refuses the file")


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """Operators of one kind with the same verdict.

    Attributes:
        operator: Name in the schema.
        count: Number of operators.
        maps: yes, no, or maybe if the documentation leaves it open.
        why_not: Violated limitation, in words; empty for yes.
    """

    operator: str
    count: int
    maps: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class EdgeTpuReport:
    """Result of the check for a file.

    Attributes:
        rows: Rows in order of first execution.
        refusals: Reasons why the compiler rejects the whole file; empty if it should accept it.
        notes: Facts about the whole file.
        parameter_bytes: Size of the constants that would be stored on the chip.
    """

    rows: tuple[OperatorRow, ...]
    refusals: tuple[str, ...]
    notes: tuple[str, ...]
    parameter_bytes: int

    def __str__(self) -> str:
        """Format it as text: a table like the compiler's log, followed by the findings."""
        lines = [f"{'Operator':<30} {'Count':<6} {'Will map':<9} Why not"]
        for row in self.rows:
            line = f"{row.operator:<30} {row.count:<6} {row.maps:<9} {row.why_not}"
            lines.append(line.rstrip())
        lines.append("")
        lines += [f"refused: {text}" for text in self.refusals]
        lines += self.notes
        return "\n".join(lines)

    def count(self, maps: str) -> int:
        """Return the number of operators with this answer: yes, no or maybe."""
        return sum(row.count for row in self.rows if row.maps == maps)


def check_edgetpu(model: str | Path) -> EdgeTpuReport:
    """Check a file against the documented operators and limits of the Edge TPU.

    Args:
        model: Name of a bundled model or detector, or a .tflite file, with or without a card.

    Raises:
        ModelError: The file does not exist, or its graph is damaged or has several subgraphs.
        MissingExtraError: LiteRT, whose schema reads it, is not installed.
    """
    bundled = {**bundled_models(), **bundled_detectors()}
    return check(read_flatbuffer_file(bundled.get(str(model), Path(model))))


def check(flatbuffer: bytes) -> EdgeTpuReport:
    """Check a graph against the documented operators and limits of the Edge TPU.

    Raises:
        ModelError: The graph is damaged or has several subgraphs.
        MissingExtraError: LiteRT, whose schema reads it, is not installed.
    """
    graph = read_graph(flatbuffer)
    if any(operator.custom_name == CUSTOM_OPERATOR for operator in graph.operators):
        return _report_compiled(graph)
    refusals = _refusals(graph)
    verdicts = _verdicts(graph, refused=bool(refusals))
    mapped = [
        operator
        for operator, verdict in zip(graph.operators, verdicts, strict=True)
        if verdict.maps != "no"
    ]
    size_bytes = _parameter_bytes(mapped)
    return EdgeTpuReport(
        rows=_rows(graph, verdicts),
        refusals=refusals,
        notes=() if refusals else _notes(verdicts, size_bytes),
        parameter_bytes=size_bytes,
    )


def _verdicts(graph: Graph, *, refused: bool) -> list[Verdict]:
    """Evaluate each operator; the compiler maps one connected part, from its first operator on."""
    verdicts: list[Verdict] = []
    started = ended = False
    for operator in graph.operators:
        verdict = _judge(operator)
        if verdict.maps == "no":
            # the quantization of a float input stays on the CPU, before the mapped part
            ended = ended or started or not _quantizes_float(operator)
        else:
            started = True
            if refused or ended:
                verdict = _REFUSED if refused else _AFTER
        verdicts.append(verdict)
    return verdicts


def _judge(operator: Operator) -> Verdict:
    if operator.name not in OPERATORS:
        return Verdict("no", "operation is not supported")
    if (first := UNREADABLE_FROM.get(operator.name)) and operator.version >= first:
        return Verdict("no", f"version {operator.version} is newer than the compiler")
    tensors = (*operator.inputs, *operator.outputs)
    data = [tensor for tensor in tensors if not tensor.is_constant]
    wrong = {tensor.dtype for tensor in data if tensor.dtype not in _EIGHT_BIT}
    wrong |= {
        tensor.dtype
        for tensor in tensors
        if tensor.is_constant and tensor.dtype not in (*_EIGHT_BIT, "INT32")
    }
    if wrong:
        return Verdict("no", f"works on {', '.join(sorted(wrong)).lower()}")
    if any(tensor.is_dynamic for tensor in tensors):
        return Verdict("no", "a tensor's size is not constant")
    if any(_has_more_than_three_dimensions(tensor) for tensor in data):
        return Verdict("no", "a tensor has more than 3 dimensions larger than 1")
    if operator.name in CONSTANT_PARAMETERS and not all(
        tensor.is_constant for tensor in operator.inputs[1:]
    ):
        return Verdict("no", "weights, bias or another parameter is not constant")
    return OPERATORS[operator.name](operator)


def _has_more_than_three_dimensions(tensor: Tensor) -> bool:
    """Return whether a dimension other than the innermost three is larger than 1."""
    return any(size > 1 for size in tensor.shape[:-3])


def _quantizes_float(operator: Operator) -> bool:
    return operator.name == "QUANTIZE" and operator.inputs[0].dtype == "FLOAT32"


def _refusals(graph: Graph) -> tuple[str, ...]:
    reasons = []
    outputs = [tensor for operator in graph.operators for tensor in operator.outputs]
    if not any(tensor.dtype in _EIGHT_BIT for tensor in outputs):
        reasons.append("the model is not quantized: no operator produces 8-bit values; use --int8")
    dynamic = {tensor.index for tensor in (*graph.inputs, *outputs) if tensor.is_dynamic}
    if dynamic:
        reasons.append(
            f"{len(dynamic)} tensors have no constant size; convert with a fixed batch of 1"
        )
    newer = {
        f"{operator.name} version {operator.version}"
        for operator in graph.operators
        if operator.version >= UNREADABLE_FROM.get(operator.name, operator.version + 1)
    }
    if newer:
        reasons.append(f"the last compiler (16.0, 2021) cannot read {', '.join(sorted(newer))}")
    return tuple(reasons)


def _notes(verdicts: list[Verdict], size_bytes: int) -> tuple[str, ...]:
    mapped = sum(verdict.maps == "yes" for verdict in verdicts)
    maybe = sum(verdict.maps == "maybe" for verdict in verdicts)
    notes = [
        f"{mapped} of {len(verdicts)} operators will map, {maybe} may, "
        f"{len(verdicts) - mapped - maybe} run on the CPU"
    ]
    if maybe:
        notes.append(
            "if an operator that may map does not map, all operators after it run on the CPU"
        )
    if mapped + maybe:
        over = size_bytes - ON_CHIP_BYTES
        fate = f"{over / 1e6:.2f} MB are transferred at every inference" if over > 0 else "they fit"
        notes.append(
            f"parameters: {size_bytes / 1e6:.2f} MB of about {ON_CHIP_BYTES / 1e6:.0f} MB "
            f"on-chip memory; {fate}"
        )
    return tuple(notes)


def _parameter_bytes(operators: list[Operator]) -> int:
    constants = {
        tensor.index: tensor.size_bytes
        for operator in operators
        for tensor in operator.inputs
        if tensor.is_constant
    }
    return sum(constants.values())


def _rows(graph: Graph, verdicts: list[Verdict]) -> tuple[OperatorRow, ...]:
    counts = Counter(
        (operator.custom_name or operator.name, verdict.maps, verdict.why_not)
        for operator, verdict in zip(graph.operators, verdicts, strict=True)
    )
    return tuple(
        OperatorRow(name, count, maps, why_not) for (name, maps, why_not), count in counts.items()
    )


def _report_compiled(graph: Graph) -> EdgeTpuReport:
    verdicts = [
        YES
        if operator.custom_name == CUSTOM_OPERATOR
        else Verdict("no", "the compiler left it to the CPU")
        for operator in graph.operators
    ]
    return EdgeTpuReport(
        rows=_rows(graph, verdicts),
        refusals=(),
        notes=("the file is already compiled for the Edge TPU",),
        parameter_bytes=0,
    )
