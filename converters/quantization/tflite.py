"""Keras networks to TFLite flatbuffers, with the TensorFlow Lite converter.

Every graph has batch size 1 and constant shapes, as the Edge TPU compiler requires.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import as_real

from ..options import IntegerType
from ..tensorflow_keras import tf


def to_float32(network: Any) -> bytes:
    """Convert a float network unchanged."""
    return _convert(_converter(network), network)


def to_float16(network: Any) -> bytes:
    """Convert with weights stored as float16; LiteRT computes in float32, a GPU in float16."""
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return _convert(converter, network)


def to_dynamic(network: Any) -> bytes:
    """Convert with int8 weights; activations are quantized at each inference.

    Input and output stay float32, so an Edge TPU cannot run the file, and no calibration is needed.
    """
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return _convert(converter, network)


def to_int16x8(network: Any, calibration: NDArray[np.uint8]) -> bytes:
    """Convert to int16 activations and int8 weights, with int16 input and output.

    Closer to float than int8; but LiteRT only has slow reference kernels for it, on every CPU.

    Args:
        network: A float network.
        calibration: Model inputs, uint8 (n, height, width, 1), for the ranges.
    """
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ]
    converter.inference_input_type = tf.int16
    converter.inference_output_type = tf.int16
    converter.representative_dataset = _representative(calibration)
    return _convert(converter, network)


def to_int8(
    network: Any,
    calibration: NDArray[np.uint8] | None,
    *,
    input_type: IntegerType = "uint8",
    output_type: IntegerType = "uint8",
    real: Callable[[NDArray[np.uint8]], NDArray[np.float32]] = as_real,
) -> bytes:
    """Convert to full-integer int8, convolution weights quantized per channel.

    Dense layers keep one scale: the Edge TPU compiler (last built in 2022) is older than
    per-channel dense layers, and for this task it makes no difference.

    Args:
        network: A float network, or a network from quantization-aware training.
        calibration: Model inputs, uint8 (n, height, width, 1), for the ranges; None for a
            quantization-aware network, which contains its ranges.
        input_type: uint8 reads raw gray pixels; int8 reads pixels minus 128.
        output_type: Type of the outputs; of probabilities the scale is 1/256.
        real: Real values that the float network reads for pixels; if they are proportional to the
            pixel, the input value is the pixel itself (minus 128 for int8).
    """
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.dtypes.as_dtype(input_type)
    converter.inference_output_type = tf.dtypes.as_dtype(output_type)
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if calibration is not None:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = _representative(calibration, real)
    return _convert(converter, network)


def _representative(
    calibration: NDArray[np.uint8],
    real: Callable[[NDArray[np.uint8]], NDArray[np.float32]] = as_real,
) -> Callable[[], Iterator[list[Any]]]:
    return lambda: ([real(pixels)[np.newaxis]] for pixels in calibration)


def trace(network: Any) -> Any:
    """Trace a network for one face; returns TensorFlow's concrete function.

    Raises:
        ModelError: The network cannot be run.
    """
    _, height, width, channels = network.input_shape
    spec = tf.TensorSpec([1, height, width, channels], tf.float32, name="face")
    function = tf.function(lambda face: network(face, training=False))
    try:
        return function.get_concrete_function(spec)
    except Exception as error:  # layers raise many types of exceptions
        raise ModelError(f"the network cannot be run: {_last_sentence(error)}") from error


def _last_sentence(error: Exception) -> str:
    """Return the last sentence of a message: lines of source code come first, arguments last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if line.startswith("Arguments received by"):
            del lines[number:]
            break
    return lines[-1] if lines else repr(error)


def _converter(network: Any) -> Any:
    return tf.lite.TFLiteConverter.from_concrete_functions([trace(network)], _Variables(network))


class _Variables(tf.Module):  # type: ignore[misc]  # TensorFlow has no stubs
    """Exposes the variables of a Keras 3 network, which is not a `tf.Module`, to the converter.

    Otherwise the converter uses a deprecated path that does not fold the fake quantization of
    weights: the dense layers of a QAT network stay float32.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.weights = [getattr(weight, "value", weight) for weight in network.weights]


def _convert(converter: Any, network: Any) -> bytes:
    try:
        with without_chatter():
            flatbuffer: bytes = converter.convert()
    except Exception as error:  # the converter raises its own type, not exported
        raise ModelError(
            f"TensorFlow Lite cannot convert this network: {_reason(str(error), network)}"
        ) from error
    return flatbuffer


def _reason(message: str, network: Any) -> str:
    """Name the operation without a TFLite counterpart, and its place in the network."""
    found = re.search(r"'tf\.(\w+)' op is neither a custom op nor a flex op", message)
    if found is None:
        return next((line for line in message.splitlines() if line.strip()), "no reason given")
    places = [op.name for op in trace(network).graph.get_operations() if op.type == found[1]]
    return (
        f"it does not support the operation {found[1]} ({', '.join(places)}); build that "
        "layer from others, or remove it from the network"
    )
