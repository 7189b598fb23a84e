"""The zoo: every architecture is one file and one function of a `keras` module.

A builder uses only what Keras 3 and tf-keras share, so that one text serves the float stage
(Keras 3 on any backend) and the quantization-aware stage (tf-keras).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from .four_block import four_block

Builder = Callable[..., Any]

ARCHITECTURES: Mapping[str, Builder] = MappingProxyType({"four-block": four_block})


def build(name: str, keras: Any, *, size_px: int, classes: int) -> Any:
    """Build an untrained network.

    Args:
        name: A key of `ARCHITECTURES`.
        keras: The Keras 3 or the tf-keras module.
        size_px: Side of the square grey input.
        classes: Number of outputs.

    Returns:
        A Keras model from float32 (batch, size_px, size_px, 1) in [0, 1] to probabilities
        (batch, classes).
    """
    return ARCHITECTURES[name](keras, size_px=size_px, classes=classes)
