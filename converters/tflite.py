"""Keras networks to TFLite flatbuffers, with the TensorFlow Lite converter.

Every graph has batch size 1 and constant shapes, as the Edge TPU compiler wants them.
"""

import logging
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter

with without_chatter():
    import tensorflow as tf

from fer_edge.errors import ModelError
from fer_edge.faces import as_real

logging.getLogger("tensorflow").setLevel(logging.ERROR)  # its advice on saved models

IntegerType = Literal["uint8", "int8"]


def to_float32(network: Any) -> bytes:
    """Convert a float network as it is."""
    return _convert(_converter(network))


def to_int8(
    network: Any,
    calibration: NDArray[np.uint8] | None,
    *,
    input_type: IntegerType = "uint8",
    output_type: IntegerType = "uint8",
) -> bytes:
    """Convert to full-integer int8, convolution weights quantised per channel.

    Dense layers keep one scale: the Edge TPU compiler (last built in 2022) predates per-channel
    dense layers, and on this task the difference is nothing.

    Args:
        network: A float network, or one from quantization-aware training.
        calibration: Model inputs, uint8 (n, height, width, 1), by which ranges are chosen; None for
            a quantization-aware network, which carries its ranges.
        input_type: uint8 takes raw grey pixels; int8 takes pixels minus 128.
        output_type: Type of the probabilities, scale 1/256.
    """
    converter = _converter(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.dtypes.as_dtype(input_type)
    converter.inference_output_type = tf.dtypes.as_dtype(output_type)
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if calibration is not None:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.representative_dataset = lambda: (
            [as_real(pixels)[np.newaxis]] for pixels in calibration
        )
    return _convert(converter)


def _converter(network: Any) -> Any:
    _, height, width, channels = network.input_shape
    spec = tf.TensorSpec([1, height, width, channels], tf.float32, name="face")
    function = tf.function(lambda face: network(face, training=False))
    return tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function(spec)], _Variables(network)
    )


class _Variables(tf.Module):  # type: ignore[misc]  # TensorFlow has no stubs
    """Shows the converter the variables of a Keras 3 network, which is no `tf.Module` itself.

    Without it the converter takes a deprecated path that does not fold the weights'
    fake quantisation: the dense layers of a QAT network stay float32.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.weights = [getattr(weight, "value", weight) for weight in network.weights]


def _convert(converter: Any) -> bytes:
    try:
        with without_chatter():
            flatbuffer: bytes = converter.convert()
    except Exception as error:  # the converter raises a type of its own, not exported
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise ModelError(
            f"TensorFlow Lite cannot convert this network: {lines[0] if lines else type(error)}"
        ) from error
    return flatbuffer
