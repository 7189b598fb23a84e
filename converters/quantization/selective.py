"""Full-integer int8 with exceptions: layers in float32 or int16x8, clipped ranges.

This uses ai-edge-quantizer on the float32 file of the TensorFlow Lite converter, which has no
public interface to exclude layers, to mix in int16 activations, or to set ranges. The ranges are
computed here: ai-edge-quantizer's calibration uses a moving average over the pictures, and the
average of the extremes clips the extremes (docs/lab-notes/quantizers.md has the measurement).
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import ConfigError, ModelError
from fer_edge.model.graph import Graph, read_graph
from fer_edge.require import missing

from ..options import IntegerType
from .activation_ranges import ActivationRange, activation_ranges
from .graph_matching import CONVERSIONS
from .layer_names import Layer, find_layers, name_layers
from .tflite import to_float32


def to_int8_selective(
    network: Any,
    calibration: NDArray[np.uint8],
    *,
    keep_float: Sequence[str] = (),
    keep_int16: Sequence[str] = (),
    clip_percentile: float = 100.0,
    per_channel_dense: bool = False,
    input_type: IntegerType = "uint8",
    output_type: IntegerType = "uint8",
) -> bytes:
    """Convert a float network to int8, except some layers.

    A kept layer reads and writes other types, but an int8 layer that reads its output converts it
    to int8: to keep an output out of int8, also keep its readers (`LayerError.reach`).

    Args:
        network: A float network (Keras 3).
        calibration: Model inputs, uint8 (n, height, width, 1), for the ranges.
        keep_float: Layers to keep float32; names as in the layer report.
        keep_int16: Layers with int8 weights and int16 activations.
        clip_percentile: Below 100 the ranges exclude the largest values, which are clipped at
            inference; see `Histogram.clipped`.
        per_channel_dense: Whether dense layers have one scale per output instead of one, as with
            `to_int8`.
        input_type: uint8 reads raw gray pixels; int8 reads pixels minus 128.
        output_type: Type of the probabilities, scale 1/256.

    Raises:
        ConfigError: A layer is unknown or given twice, or cannot be kept.
        ModelError: The network cannot be converted, or ai-edge-quantizer leaves a layer in float.
        MissingExtraError: ai-edge-quantizer is not installed.
    """
    flatbuffer = to_float32(network)
    # report a wrong name before the slow steps
    _chosen(read_graph(flatbuffer), keep_float, keep_int16, output_type)
    return quantize_flatbuffer(
        flatbuffer,
        activation_ranges(flatbuffer, calibration, percentile=clip_percentile),
        keep_float=keep_float,
        keep_int16=keep_int16,
        per_channel_dense=per_channel_dense,
        input_type=input_type,
        output_type=output_type,
    )


def quantize_flatbuffer(
    flatbuffer: bytes,
    ranges: Mapping[str, ActivationRange],
    *,
    keep_float: Sequence[str] = (),
    keep_int16: Sequence[str] = (),
    per_channel_dense: bool = False,
    input_type: IntegerType = "uint8",
    output_type: IntegerType = "uint8",
) -> bytes:
    """Quantize a float32 file; see `to_int8_selective`.

    Args:
        flatbuffer: A float32 file.
        ranges: Ranges of its tensors, from `activation_ranges`.
        keep_float: Layers to keep float32.
        keep_int16: Layers with int8 weights and int16 activations.
        per_channel_dense: Whether dense layers have one scale per output instead of one.
        input_type: Type of the pictures.
        output_type: Type of the probabilities.
    """
    layers, floating, wide = _chosen(read_graph(flatbuffer), keep_float, keep_int16, output_type)
    try:
        with without_chatter():
            from ai_edge_litert.tools import flatbuffer_utils
            from ai_edge_quantizer import quantizer
    except ImportError as error:
        what = "keeping layers float or int16, or clipping,"
        raise missing("train", "ai_edge_quantizer", what=what) from error
    plan = quantizer.Quantizer(flatbuffer)
    _add_rules(plan, floating, wide, per_channel_dense=per_channel_dense)
    _add_types(plan, input_type, output_type)
    statistics = _statistics(ranges, layers)
    try:
        with without_chatter(), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # LiteRT's message about memory, which is expected
            result = plan.quantize(
                statistics, enable_progress_bar=False, enable_progress_report=False
            )
    except (ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"ai-edge-quantizer cannot quantize this network: {error}") from error
    # it stores large weights after the flatbuffer; inside it, every runtime finds them
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(result.quantized_model))
    quantized = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    _check_types(quantized, layers, floating)
    return quantized


def _chosen(
    graph: Graph, keep_float: Sequence[str], keep_int16: Sequence[str], output_type: IntegerType
) -> tuple[Sequence[Layer], Sequence[Layer], Sequence[Layer]]:
    """Return all layers, those to keep float32, and those to keep int16.

    Raises:
        ConfigError: A layer is unknown or given twice, or cannot be kept.
    """
    layers = name_layers(graph)
    floating, wide = find_layers(layers, keep_float), find_layers(layers, keep_int16)
    if both := [layer.name for layer in floating if layer in wide]:
        raise ConfigError(f"layer '{both[0]}' cannot be both float32 and int16; name it once")
    last = [layer.name for layer in wide if layer.operator.outputs[0] == graph.outputs[0]]
    if last and output_type == "uint8":
        raise ConfigError(
            f"layer '{last[0]}' writes the output, and LiteRT cannot convert int16 to uint8; pass "
            "--output-type int8 (in Python: output_type), or leave the layer int8"
        )
    return layers, floating, wide


def _add_rules(
    plan: Any, floating: Sequence[Layer], wide: Sequence[Layer], *, per_channel_dense: bool
) -> None:
    """Add a rule with the number type of each operator to the plan.

    The last matching rule for an operator wins, so each operator needs its own expression.
    """
    from ai_edge_quantizer import qtyping, quantizer

    operation = qtyping.TFLOperationName
    plan.add_static_config(".*", operation.ALL_SUPPORTED, 8, 8)
    if not per_channel_dense:
        tensorwise = qtyping.QuantGranularity.TENSORWISE
        plan.add_static_config(".*", operation.FULLY_CONNECTED, 8, 8, weight_granularity=tensorwise)
    for layer in floating:
        plan.update_quantization_recipe(
            _scope(layer),
            operation.ALL_SUPPORTED,
            algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE,
        )
    for layer in wide:
        plan.add_static_config(_scope(layer), operation.ALL_SUPPORTED, 16, 8)


def _add_types(plan: Any, input_type: IntegerType, output_type: IntegerType) -> None:
    from ai_edge_quantizer import qtyping

    operation = qtyping.TFLOperationName
    for side, kind in ((operation.INPUT, input_type), (operation.OUTPUT, output_type)):
        plan.update_quantization_recipe(f".*(?#{side})", side, _io_config(qtyping, kind))


def _statistics(
    ranges: Mapping[str, ActivationRange], layers: Sequence[Layer]
) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return the ranges in ai-edge-quantizer's form, with those that are known in advance.

    The range of the picture is always 0 to 1, whatever the calibration pictures contain, and so is
    that of probabilities: an int8 softmax has this scale anyway, a float one would get another.
    """
    held = dict(ranges)
    held[layers[0].operator.inputs[0].name] = ActivationRange(0.0, 1.0)
    for layer in layers:
        if layer.operator.name == "SOFTMAX":
            held[layer.operator.outputs[0].name] = ActivationRange(0.0, 255 / 256)
    return {
        name: {"min": np.array([span.low], np.float32), "max": np.array([span.high], np.float32)}
        for name, span in held.items()
    }


def _scope(layer: Layer) -> str:
    """Return the expression that matches only this operator: its outputs, each with a semicolon."""
    names = "".join(f"{tensor.name};" for tensor in layer.operator.outputs)
    return f"^{re.escape(names)}$"


def _io_config(qtyping: Any, kind: IntegerType) -> Any:
    return qtyping.OpQuantizationConfig(
        activation_tensor_config=qtyping.TensorQuantizationConfig(
            num_bits=8,
            symmetric=False,
            granularity=qtyping.QuantGranularity.TENSORWISE,
            dtype=qtyping.TensorDataType.UINT if kind == "uint8" else qtyping.TensorDataType.INT,
        ),
        weight_tensor_config=qtyping.TensorQuantizationConfig(num_bits=8),
        compute_precision=qtyping.ComputePrecision.INTEGER,
        explicit_dequantize=False,
    )


def _check_types(flatbuffer: bytes, layers: Sequence[Layer], floating: Sequence[Layer]) -> None:
    """Reject a file with a float layer that was not requested."""
    asked = {layer.operator.outputs[0].name for layer in floating}
    names = {layer.operator.outputs[0].name: layer.name for layer in layers}
    for operator in read_graph(flatbuffer).operators:
        output = operator.outputs[0]
        inside = operator.name not in CONVERSIONS and output.name in names
        if inside and output.dtype == "FLOAT32" and output.name not in asked:
            raise ModelError(
                f"ai-edge-quantizer leaves layer '{names[output.name]}' ({operator.name}) float32; "
                "keep it float (--keep-float), or convert without exceptions"
            )
