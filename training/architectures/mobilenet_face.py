"""MobileNet v1 (Howard et al. 2017, arXiv:1704.04861) pretrained on face recognition, as a teacher.

Face recognition is much closer to expressions than ImageNet is: Savchenko's HSE-FaceRes, trained on
the faces of VGGFace2 (arXiv:2103.17107), is published in TF.js format, and `--weights FILE` reads
it. The face is enlarged inside the network, since such networks expect the details of large faces.
The preprocessing (the gray value as blue, green and red, each minus its mean) is a frozen 1x1
convolution, divided by 64 so that the first layer is trained at the scale of the others.

    input    parameters   MACs     int8 file
    48x48    3,236,045    242 M    3.53 MB
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .face_weights import load_face_weights
from .parts import NORM, freeze, model

STEM = "stem"
INPUT_SCALE = 64.0
"""Divisor of the preprocessing."""
_MEAN_BGR = (103.939, 116.779, 123.68)
_STEM_WIDTH = 32
_BLOCKS = (
    # width, strides
    *((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)),
    *((512, 1),) * 5,
    *((1024, 2), (1024, 1)),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A depthwise convolution and a 1x1 convolution, each with normalization and ReLU6."""

    name: str
    width: int
    strides: int


@dataclass(frozen=True, slots=True)
class MobileNetFace:
    """MobileNet v1 with a new head; see the module docstring."""

    weights: str = "none"
    """Initial weights of the base: a FILE in TF.js graph format (model.json, with its shards next
    to it), or none for random weights, with which the whole base is trained."""
    enlarge: int = 3
    """Factor by which the face is enlarged inside the network."""
    frozen_blocks: int = 2
    """Number of frozen blocks, in addition to the stem; 0 freezes nothing."""
    width: float = 1.0
    """Channels of each layer, relative to the published network."""
    dropout: float = 0.3
    """Dropout in front of the softmax."""
    head_rate: float = 0.1
    """Factor of the learning rate of the head with SGD: an untrained head that learns fast destroys
    the base below it. The inputs of the head are multiplied by its square root."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network with a random base."""
        layers = keras.layers
        inputs = keras.Input((size_px, size_px, 1), name="face")
        x = inputs
        if self.enlarge > 1:
            x = layers.UpSampling2D(self.enlarge, interpolation="bilinear", name="enlarge")(x)
        preprocess = layers.Conv2D(3, 1, trainable=False, name="preprocess")
        x = preprocess(x)
        scale = np.full((1, 1, 1, 3), 255.0 / INPUT_SCALE)
        preprocess.set_weights([scale, -np.array(_MEAN_BGR) / INPUT_SCALE])
        stem = layers.Conv2D(
            max(8, int(_STEM_WIDTH * self.width)),
            *(3, 2, "same"),
            use_bias=False,
            name=STEM,
        )
        x = _normalized(keras, stem(x), STEM)
        plan = list(blocks(self.width))
        for block in plan:
            x = _separable(keras, x, block)
        x = layers.GlobalAveragePooling2D(name="average")(x)
        x = layers.Rescaling(self.head_rate**0.5, name="slow_head")(x)
        x = layers.Dropout(self.dropout, name="drop")(x)
        network = model(keras, inputs, x, classes, name="mobilenet-face")
        if self.frozen_blocks and self.weights != "none":
            kept = (STEM, *(f"{block.name}_" for block in plan[: self.frozen_blocks]))
            freeze(network, kept)
        return network

    def load_weights(self, keras: Any, network: Any, images: NDArray[np.uint8]) -> None:
        """Set the weights of a file, and a head of zeros; see `Pretrained.load_weights`."""
        names = tuple(_convolutions())
        path = Path(self.weights)
        load_face_weights(keras, network, images, path, names, input_scale=INPUT_SCALE)


def blocks(width: float = 1.0) -> Iterator[Block]:
    """Yield the blocks in order."""
    for number, (channels, strides) in enumerate(_BLOCKS, start=1):
        yield Block(f"b{number}", max(8, int(channels * width)), strides)


def _convolutions() -> Iterator[str]:
    """Yield the names of the convolutions that get pretrained weights, from the input on."""
    yield STEM
    for block in blocks():
        yield f"{block.name}_depthwise"
        yield f"{block.name}_pointwise"


def _separable(keras: Any, x: Any, block: Block) -> Any:
    layers, name = keras.layers, f"{block.name}_depthwise"
    depthwise = layers.DepthwiseConv2D(
        3, strides=block.strides, padding="same", use_bias=False, name=name
    )
    x = _normalized(keras, depthwise(x), name)
    name = f"{block.name}_pointwise"
    pointwise = layers.Conv2D(block.width, 1, use_bias=False, name=name)
    return _normalized(keras, pointwise(x), name)


def _normalized(keras: Any, x: Any, name: str) -> Any:
    x = keras.layers.BatchNormalization(name=name + NORM)(x)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x)
