"""Transfer learning on EfficientNet-Lite.

Tan and Le 2019 (arXiv:1905.11946); the Lite variants of 2020 have no squeeze-and-excitation and use
ReLU6, which suits int8.

Inverted bottlenecks with ImageNet weights, global average pooling, dropout, softmax. The frozen
normalizations of ImageNet are folded into the convolutions before training, which saves time in
every step. The weights expect the details of a 224-pixel picture, so the face is enlarged inside
the network. The ImageNet preprocessing (pixels from -1 to 1, three colors) is a frozen 1x1
convolution, so that the input is pixel/255 as for the other architectures; the stem reads the sum
of its three color channels.

    input    parameters   MACs     int8 file
    48x48    3,358,393    69.2 M   3.97 MB
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .lite_weights import Place, load_lite_weights
from .parts import freeze, model

STEM, HEAD = "stem", "head"
_STAGES = (
    # blocks, kernel, strides, expansion, width
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
"""Width and depth of each variant, relative to Lite0."""


@dataclass(frozen=True, slots=True)
class Block:
    """One inverted bottleneck."""

    name: str
    kernel: int
    strides: int
    expansion: int
    width: int


@dataclass(frozen=True, slots=True)
class EfficientNetLite:
    """EfficientNet-Lite with a new head; see the module docstring."""

    weights: str = "imagenet"
    """Initial weights of the base: imagenet, a FILE, or none for random weights, with which the
    whole base is trained."""
    lite: Literal[0, 1, 2] = 0
    """Variant: 1 is deeper, 2 is deeper and wider."""
    enlarge: int = 2
    """Factor by which the face is enlarged inside the network."""
    frozen_blocks: int = 3
    """Number of frozen blocks, in addition to the stem; 0 freezes nothing."""
    dropout: float = 0.3
    """Dropout in front of the softmax."""
    drop_path: float = 0.1
    """Probability that a face skips the last block; it increases linearly from the first block
    (Huang et al. 2016, arXiv:1603.09382)."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network with a random base."""
        layers = keras.layers
        inputs = keras.Input((size_px, size_px, 1), name="face")
        x = inputs
        if self.enlarge > 1:
            x = layers.UpSampling2D(self.enlarge, interpolation="bilinear", name="enlarge")(x)
        preprocess = layers.Conv2D(1, 1, trainable=False, name="preprocess")
        x = preprocess(x)
        preprocess.set_weights([np.full((1, 1, 1, 1), 2.0), np.full(1, -1.0)])
        x = layers.Conv2D(32, 3, strides=2, padding="same", name=STEM)(x)
        x = layers.ReLU(6.0, name=f"{STEM}_relu")(x)
        plan = list(blocks(self.lite))
        for number, block in enumerate(plan):
            x = _bottleneck(keras, x, block, drop=self.drop_path * number / len(plan))
        x = layers.Conv2D(1280, 1, name=HEAD)(x)
        x = layers.ReLU(6.0, name=f"{HEAD}_relu")(x)
        x = layers.GlobalAveragePooling2D(name="average")(x)
        x = layers.Dropout(self.dropout, name="drop")(x)
        network = model(keras, inputs, x, classes, name="efficientnet-lite")
        if self.frozen_blocks and self.weights != "none":
            kept = (STEM, *(f"{block.name}_" for block in plan[: self.frozen_blocks]))
            freeze(network, kept)
        return network

    def load_weights(self, keras: Any, network: Any, images: NDArray[np.uint8]) -> None:
        """Set ImageNet's weights, or those of a file; see `Pretrained.load_weights`."""
        load_lite_weights(network, self.weights, self.lite, _places(self.lite), stem=STEM)


def blocks(lite: int) -> Iterator[Block]:
    """Yield the blocks of EfficientNet-Lite 0, 1 or 2 in order."""
    wider, deeper = _SCALES[lite]
    for stage, (count, kernel, strides, expansion, width) in enumerate(_STAGES, start=1):
        scaled = max(8, int(width * wider + 4) // 8 * 8)
        if stage not in (1, len(_STAGES)):
            count = math.ceil(count * deeper)
        for number in range(1, count + 1):
            yield Block(
                f"s{stage}b{number}", kernel, strides if number == 1 else 1, expansion, scaled
            )


def _bottleneck(keras: Any, x: Any, block: Block, *, drop: float) -> Any:
    layers, name, shortcut = keras.layers, block.name, x
    if block.expansion > 1:
        x = layers.Conv2D(x.shape[-1] * block.expansion, 1, name=f"{name}_expand")(x)
        x = layers.ReLU(6.0, name=f"{name}_expand_relu")(x)
    depthwise = layers.DepthwiseConv2D(
        block.kernel, strides=block.strides, padding="same", name=f"{name}_depthwise"
    )
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(depthwise(x))
    x = layers.Conv2D(block.width, 1, name=f"{name}_project")(x)
    if block.strides > 1 or shortcut.shape[-1] != block.width:
        return x
    if drop:
        x = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
    return layers.Add(name=f"{name}_add")([x, shortcut])


def _places(lite: int) -> list[Place]:
    """Return the convolutions with their names in the published files."""
    places = [Place(STEM, "_conv_stem", "_bn0"), Place(HEAD, "_conv_head", "_bn1")]
    for number, block in enumerate(blocks(lite)):
        own = f"_blocks.{number}."
        if block.expansion > 1:
            places.append(Place(f"{block.name}_expand", f"{own}_expand_conv", f"{own}_bn0"))
        places.append(Place(f"{block.name}_depthwise", f"{own}_depthwise_conv", f"{own}_bn1"))
        places.append(Place(f"{block.name}_project", f"{own}_project_conv", f"{own}_bn2"))
    return places
