"""The zoo: each architecture is a frozen dataclass of its options with a `build` method.

A builder takes a `keras` module and uses only what Keras 3 and tf-keras share, so that one text
serves the float stage (Keras 3 on any backend) and the quantization-aware stage (tf-keras). A
recipe's `[network]` table holds the options. Each has its name as an entry point in pyproject.toml;
other packages add theirs in the same way.
"""

from dataclasses import is_dataclass
from typing import Any, Protocol, cast

from fer_edge import plugins
from fer_edge.errors import PluginError, RecipeError

from .efficientnet_lite import EfficientNetLite
from .four_block import FourBlock
from .mobilenet_face import MobileNetFace
from .resnet50 import ResNet50

__all__ = [
    "Architecture",
    "EfficientNetLite",
    "FourBlock",
    "MobileNetFace",
    "Pretrained",
    "ResNet50",
    "find_architecture",
]

Pretrained = EfficientNetLite | MobileNetFace | ResNet50
"""Architectures with a base that has the weights of another task."""


class Architecture(Protocol):
    """A network's options."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the untrained network.

        Args:
            keras: The Keras 3 or the tf-keras module.
            size_px: Side of the square grey input.
            classes: Number of outputs.

        Returns:
            A Keras model from float32 (batch, size_px, size_px, 1) in [0, 1] to probabilities
            (batch, classes).
        """
        ...


def find_architecture(name: str) -> type[Architecture]:
    """Return an architecture's options class.

    Raises:
        RecipeError: There is no such architecture, or another package's cannot be used.
    """
    try:
        found: Any = plugins.load(plugins.ARCHITECTURES, name)
    except PluginError as error:
        raise RecipeError(str(error)) from error
    if not (isinstance(found, type) and hasattr(found, "build") and is_dataclass(found)):
        raise RecipeError(
            f"architecture {name!r} is {found!r}, expected a frozen dataclass with a method build"
        )
    return cast(type[Architecture], found)
