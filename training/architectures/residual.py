"""The architectures `compact` and `tiny`: plain residual blocks, as narrow as the budget requires.

A 3x3 stem, then stages that each halve the map (the first convolution of a stage has stride 2) and
contain residual blocks of two 3x3 convolutions (He et al. 2015, arXiv:1512.03385), global average
pooling, dropout, softmax. Normalization follows each convolution, where TFLite folds it. A shortcut
pools before its 1x1 convolution, as in He et al. 2018 (arXiv:1812.01187), but with the maximum,
which needs no new scale in int8.

    name      input    parameters   MACs     int8 file
    compact   48x48    891,583      104 M    0.94 MB
    tiny      48x48    74,375       15.2 M   0.10 MB

`compact` is grown from one block per stage: 683,071 parameters, 56.2 M MACs, 0.72 MB.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fer_edge.errors import RecipeError, TrainingError

from .parts import NORM, conv_norm_relu, model

SHORTCUT = "_shortcut"
BRANCH_END = f"_second{NORM}"
"""Suffixes of the names of two layers in a block. A block without a shortcut layer is the identity
while the gamma of the last normalization of its branch is zero: its input is never negative."""

WEIGHTED = rf"stem|s\d+b\d+(_first|_second|{SHORTCUT})|expression"
"""Pattern of the names of layers that have weights and are not normalizations."""


@dataclass(frozen=True, slots=True)
class Compact:
    """At most 1 MB as int8; see the module docstring."""

    stem: int = 24
    """Filters of the first convolution."""
    widths: tuple[int, ...] = (48, 96, 192)
    """Filters of the stages, one number a stage."""
    blocks: tuple[int, ...] = (2, 2, 1)
    """Residual blocks of each stage."""
    dropout: float = 0.3
    """Dropout in front of the softmax."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        return _residual(keras, self, size_px=size_px, classes=classes, name="compact")


@dataclass(frozen=True, slots=True)
class Tiny:
    """At most 100 KB as int8; see the module docstring."""

    stem: int = 16
    """Filters of the first convolution."""
    widths: tuple[int, ...] = (24, 32, 48)
    """Filters of the stages, one number a stage."""
    blocks: tuple[int, ...] = (2, 1, 1)
    """Residual blocks of each stage."""
    dropout: float = 0.0
    """Dropout in front of the softmax."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the network."""
        return _residual(keras, self, size_px=size_px, classes=classes, name="tiny")


def plan_of(name: str, widths: Mapping[str, int]) -> Compact | Tiny:
    """Return the plan of an existing network.

    Args:
        name: `compact` or `tiny`.
        widths: Outputs of each layer that has weights, by layer name.

    Raises:
        TrainingError: It is another network.
    """
    plans: dict[str, type[Compact | Tiny]] = {"compact": Compact, "tiny": Tiny}
    if name not in plans:
        raise TrainingError(f"the network is {name}; expected one of {', '.join(plans)}")
    found = [re.fullmatch(r"s(\d+)b(\d+)_first", layer) for layer in widths]
    blocks = {(int(block[1]), int(block[2])): widths[block[0]] for block in found if block}
    stages = sorted({stage for stage, _ in blocks})
    return plans[name](
        stem=widths["stem"],
        widths=tuple(blocks[stage, 1] for stage in stages),
        blocks=tuple(sum(of == stage for of, _ in blocks) for stage in stages),
    )


def _residual(keras: Any, plan: Compact | Tiny, *, size_px: int, classes: int, name: str) -> Any:
    if len(plan.widths) != len(plan.blocks):
        raise RecipeError(
            f"{name} has {len(plan.widths)} widths and {len(plan.blocks)} blocks; expected one "
            "number of blocks per width"
        )
    layers = keras.layers
    inputs = keras.Input((size_px, size_px, 1), name="face")
    x = conv_norm_relu(keras, inputs, plan.stem, 3, name="stem")
    for stage, (width, blocks) in enumerate(zip(plan.widths, plan.blocks, strict=True), start=1):
        for block in range(1, blocks + 1):
            x = _block(keras, x, width, strides=2 if block == 1 else 1, name=f"s{stage}b{block}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dropout(plan.dropout, name="drop")(x)
    return model(keras, inputs, x, classes, name=name)


def _block(keras: Any, x: Any, width: int, *, strides: int, name: str) -> Any:
    shortcut = x
    if strides != 1 or x.shape[-1] != width:
        if strides != 1:
            shortcut = keras.layers.MaxPooling2D(strides, name=f"{name}_pool")(x)
        shortcut = conv_norm_relu(keras, shortcut, width, 1, name=name + SHORTCUT, relu=False)
    x = conv_norm_relu(keras, x, width, 3, name=f"{name}_first", strides=strides)
    x = conv_norm_relu(keras, x, width, 3, name=f"{name}_second", relu=False)
    x = keras.layers.Add(name=f"{name}_add")([x, shortcut])
    return keras.layers.ReLU(name=f"{name}_relu")(x)
