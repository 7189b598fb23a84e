"""Operators that the Edge TPU compiler maps, with their limitations and readable versions.

Operators and limitations: "TensorFlow models on the Edge TPU", Supported operations,
https://coral.ai/docs/edgetpu/models-intro/#supported-operations, for the newest runtime (14). The
texts of the limitations are from that page, shortened.

Versions: compiler 16.0.384591198, the last one, was released by August 2021 (google-coral/edgetpu
    issue 434) and reads files with the TensorFlow Lite of that time. It rejects a whole file that
    contains a newer operator version. `UNREADABLE_FROM` has the versions that TensorFlow's own
    table (tensorflow/compiler/mlir/lite/tools/versioning/runtime_version.cc) dates to 2.8 or later,
    and QUANTIZE 3, of 2.7. CONV_2D 6, TRANSPOSE_CONV 4, QUANTIZE 3 and EXP 2 were reported as
    rejected (google-coral/edgetpu issues 631, 845 and 879, google-coral/libedgetpu issue 71); the
    others follow from the dates.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fer_edge.model.graph import Operator, Tensor

SOFTMAX_LIMIT = 16_000
_BATCH = 0
_NO_FUSED_ACTIVATION = 0  # ActivationFunctionType.NONE
_DEFAULT_FORMAT = 0  # FullyConnectedOptionsWeightsFormat.DEFAULT


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a documented limitation for one operator of a graph.

    Attributes:
        maps: yes, no, or maybe if the documentation leaves it open.
        why_not: Violated limitation; empty for yes.
    """

    maps: str
    why_not: str = ""


YES = Verdict("yes")

Rule = Callable[[Operator], Verdict]
"""A limitation; it is checked only for operators on 8-bit tensors of constant shape."""


def _always(_: Operator) -> Verdict:
    return YES


def _maybe(why: str) -> Rule:
    return lambda _: Verdict("maybe", why)


def _unless(broken: bool, why_not: str) -> Verdict:
    return Verdict("no", why_not) if broken else YES


def _no_fused_activation(operator: Operator) -> Verdict:
    fused = getattr(operator.options, "fusedActivationFunction", _NO_FUSED_ACTIVATION)
    return _unless(fused != _NO_FUSED_ACTIVATION, "has a fused activation function")


def _concatenation(operator: Operator) -> Verdict:
    if any(tensor.is_constant for tensor in operator.inputs):
        if len(operator.inputs) != 2:
            return Verdict("no", "with a constant input it must have only 2 inputs")
        return Verdict("maybe", "maps only if its constant input is all zeros")
    return _no_fused_activation(operator)


def _same_dilation(operator: Operator) -> Verdict:
    width = getattr(operator.options, "dilationWFactor", 1)
    height = getattr(operator.options, "dilationHFactor", 1)
    return _unless(width != height, f"dilation differs in x ({width}) and y ({height})")


def _fully_connected(operator: Operator) -> Verdict:
    if getattr(operator.options, "weightsFormat", _DEFAULT_FORMAT) != _DEFAULT_FORMAT:
        return Verdict("no", "weights are not in the default format")
    if any(len(tensor.scales) > 1 for tensor in operator.inputs):
        return Verdict("no", "weights have one scale per channel, which is newer than the compiler")
    return _unless(not _is_one_dimensional(operator.outputs[0]), "output is not one-dimensional")


def _softmax(operator: Operator) -> Verdict:
    tensor = operator.inputs[0]
    if not _is_one_dimensional(tensor):
        return Verdict("no", "input is not one-dimensional")
    return _unless(tensor.size > SOFTMAX_LIMIT, f"input has more than {SOFTMAX_LIMIT:,} elements")


def _axes(operator: Operator) -> frozenset[int]:
    rank = len(operator.inputs[0].shape)
    return frozenset(axis % rank for axis in operator.inputs[1].indices if rank)


def _mean(operator: Operator) -> Verdict:
    verdict = _reduction(operator)
    if verdict != YES:
        return verdict
    shape = operator.inputs[0].shape
    return _unless(
        len(shape) - 1 in _axes(operator) and shape[-1] % 4 != 0,
        f"reduces over the channels, whose number ({shape[-1]}) is not a multiple of 4",
    )


def _reduction(operator: Operator) -> Verdict:
    if len(operator.inputs) < 2 or not operator.inputs[1].indices:
        return Verdict("no", "the axes are not constant")
    return _unless(_BATCH in _axes(operator), "works on the batch dimension")


def _pad(operator: Operator) -> Verdict:
    padding = operator.inputs[1].indices if len(operator.inputs) > 1 else ()
    if not padding:
        return Verdict("no", "the padding is not constant")
    return _unless(any(padding[:2]), "pads the batch dimension")


def _pack(operator: Operator) -> Verdict:
    axis = getattr(operator.options, "axis", 0)
    return _unless(axis % len(operator.outputs[0].shape) == _BATCH, "packs the batch dimension")


def _split(operator: Operator) -> Verdict:
    axes, data = operator.inputs[0].indices, operator.inputs[-1]
    if not axes:
        return Verdict("no", "the axis is not constant")
    return _unless(axes[0] % len(data.shape) == _BATCH, "splits the batch dimension")


def _prelu(operator: Operator) -> Verdict:
    alpha = operator.inputs[1]
    return _unless(
        not _is_one_dimensional(alpha), "alpha is not one-dimensional (Keras: shared_axes=[1, 2])"
    )


def _strided_slice(operator: Operator) -> Verdict:
    strides = operator.inputs[3].indices if len(operator.inputs) > 3 else ()
    if not strides or any(stride != 1 for stride in strides):
        return Verdict("no", "a stride is not 1")
    masked = any(getattr(operator.options, name, 0) for name in ("ellipsisMask", "newAxisMask"))
    return _unless(masked, "has an ellipsis or new-axis mask")


def _is_one_dimensional(tensor: Tensor) -> bool:
    """Return whether only the innermost dimension is larger than 1."""
    return all(size == 1 for size in tensor.shape[:-1])


_RESIZE = _maybe("for some sizes it stays on the CPU to keep precision")

OPERATORS: dict[str, Rule] = {
    "ADD": _always,
    "AVERAGE_POOL_2D": _no_fused_activation,
    "CONCATENATION": _concatenation,
    "CONV_2D": _same_dilation,
    "DEPTHWISE_CONV_2D": _same_dilation,
    "EXPAND_DIMS": _always,
    "FULLY_CONNECTED": _fully_connected,
    "L2_NORMALIZATION": _always,
    "LOGISTIC": _always,
    "LSTM": _always,
    "MAXIMUM": _always,
    "MAX_POOL_2D": _no_fused_activation,
    "MEAN": _mean,
    "MINIMUM": _always,
    "MUL": _always,
    "PACK": _pack,
    "PAD": _pad,
    "PRELU": _prelu,
    "QUANTIZE": _always,
    "REDUCE_MAX": _reduction,
    "REDUCE_MIN": _reduction,
    "RELU": _always,
    "RELU6": _always,
    "RELU_N1_TO_1": _always,
    "RESHAPE": _maybe("certain reshapes of large tensors stay on the CPU (no size is documented)"),
    "RESIZE_BILINEAR": _RESIZE,
    "RESIZE_NEAREST_NEIGHBOR": _RESIZE,
    "RSQRT": _always,
    "SLICE": _always,
    "SOFTMAX": _softmax,
    "SPACE_TO_DEPTH": _always,
    "SPLIT": _split,
    "SQUARED_DIFFERENCE": _always,
    "SQUEEZE": _always,
    "STRIDED_SLICE": _strided_slice,
    "SUB": _always,
    "SUM": _reduction,
    "TANH": _always,
    "TRANSPOSE": _always,
    "TRANSPOSE_CONV": _always,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _always,
}
"""The supported operators by their name in the schema, each with its limitation."""

CONSTANT_PARAMETERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "PRELU")
"""Operators with inputs that must be constants, except the first."""

UNREADABLE_FROM: dict[str, int] = {
    "ABS": 5,
    "ADD": 5,
    "ARG_MAX": 3,
    "ARG_MIN": 3,
    "BATCH_TO_SPACE_ND": 4,
    "CAST": 3,
    "CONCATENATION": 4,
    "CONV_2D": 6,
    "DEPTHWISE_CONV_2D": 7,
    "DEQUANTIZE": 6,
    "EXP": 2,
    "FULLY_CONNECTED": 10,
    "GELU": 1,
    "MIRROR_PAD": 3,
    "MUL": 6,
    "PACK": 4,
    "PAD": 5,
    "PADV2": 5,
    "QUANTIZE": 3,
    "RELU_0_TO_1": 1,
    "RSQRT": 3,
    "SELECT_V2": 2,
    "SLICE": 6,
    "SPACE_TO_BATCH_ND": 4,
    "SQRT": 2,
    "STRIDED_SLICE": 7,
    "TRANSPOSE": 6,
    "TRANSPOSE_CONV": 4,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 4,
}
"""First version of an operator that the last compiler cannot read."""
