"""YuNet as a Keras network."""

from typing import Any, Literal

import numpy as np

from ..tensorflow_keras import keras, tf
from .yunet import INPUT, Convolution, DetectionHead, Step, YuNetSource

Upsampling = Literal["shuffle", "resize"]
"""Method of doubling a grid. shuffle: four copies in the channels, moved into place
(DEPTH_TO_SPACE), so that no operator contains a size and the file is resizable. resize:
RESIZE_NEAREST_NEIGHBOR, which the Edge TPU supports, but with a fixed size. Both compute the same
values."""


class Doubling(keras.layers.Layer):  # type: ignore[misc]  # Keras has no stubs
    """Nearest-neighbor doubling without a fixed size."""

    def call(self, inputs: Any) -> Any:
        """Double height and width."""
        return tf.nn.depth_to_space(tf.concat([inputs] * 4, axis=-1), 2)


def build_network(
    source: YuNetSource,
    heads: tuple[DetectionHead, ...],
    *,
    height: int,
    width: int,
    upsampling: Upsampling,
    is_clipped: bool = True,
) -> Any:
    """Build the network with its weights.

    Args:
        source: Body of the network.
        heads: Heads of `source`, or scaled ones.
        height: Height of the input, a multiple of 32.
        width: Width of the input, a multiple of 32.
        upsampling: See `Upsampling`.
        is_clipped: Whether the outputs are limited to -1 to 1.

    Returns:
        A Keras network from float32 (1, height, width, 3), BGR, 0 to 255, to one output per head:
        float32, (1, height / stride, width / stride, 6). The layers `point_0`, ... produce the
        outputs of the heads' first convolutions.
    """
    tensors = build_body(source, height=height, width=width, upsampling=upsampling)
    outputs = []
    for level, head in enumerate(heads):
        point = _convolve(head.point, tensors[head.source], name=f"point_{level}")
        output = _convolve(head.depth, point, name=f"depth_{level}")
        # a hard limit has no cost: it is fused into the convolution
        outputs.append(keras.ops.clip(output, -1, 1) if is_clipped else output)
    return keras.Model(tensors[INPUT], outputs)


def build_body(
    source: YuNetSource, *, height: int, width: int, upsampling: Upsampling
) -> dict[str, Any]:
    """Build the network without its heads; returns Keras's tensors by name, including the input."""
    tensors = {INPUT: keras.Input((height, width, 3), batch_size=1)}
    for step in source.steps:
        given = [tensors[name] for name in step.inputs]
        tensors[step.output] = _apply(step, given, upsampling)
    return tensors


def _apply(step: Step, given: list[Any], upsampling: Upsampling) -> Any:
    if step.convolution is not None:
        return _convolve(step.convolution, given[0])
    if step.operator == "Relu":
        return keras.layers.ReLU()(given[0])
    if step.operator == "MaxPool":
        return keras.layers.MaxPooling2D(2)(given[0])
    if step.operator == "Add":
        return keras.layers.Add()(given)
    if upsampling == "shuffle":
        return Doubling()(given[0])
    _, height, width, _ = given[0].shape
    return keras.ops.image.resize(given[0], (2 * height, 2 * width), interpolation="nearest")


def _convolve(convolution: Convolution, tensor: Any, name: str | None = None) -> Any:
    weights, size = convolution.weights, convolution.weights.shape[-1]
    padding, options = "same", {"name": name, "strides": convolution.stride}
    if convolution.stride == 2:
        # "same" would pad below and to the right only; ONNX pads all around
        tensor, padding = keras.layers.ZeroPadding2D(size // 2)(tensor), "valid"
    if convolution.groups == 1:
        layer = keras.layers.Conv2D(len(weights), size, padding=padding, **options)
        kernel = weights.transpose(2, 3, 1, 0)
    else:
        layer = keras.layers.DepthwiseConv2D(size, padding=padding, **options)
        kernel = weights.transpose(2, 3, 0, 1)
    output = layer(tensor)
    layer.set_weights([np.ascontiguousarray(kernel), convolution.bias])
    return output
