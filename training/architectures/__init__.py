"""The zoo: each architecture is a frozen dataclass of its options with a `build` method.

A builder takes a `keras` module and uses only what Keras 3 and tf-keras share, so that one text
serves the float stage (Keras 3 on any backend) and the quantization-aware stage (tf-keras). A
recipe's `[network]` table holds the options.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from fer_edge.errors import RecipeError

from .deep_4x4 import Deep4x4
from .deep_emotion import DeepEmotion
from .efficientnet_lite import EfficientNetLite
from .four_block import FourBlock, FourBlock56
from .lenet import LeNet
from .mini_xception import MiniXception
from .residual import Compact, Tiny
from .resnet50 import ResNet50

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "EfficientNetLite",
    "FourBlock",
    "Pretrained",
    "ResNet50",
    "find_architecture",
]

Pretrained = EfficientNetLite | ResNet50
"""Architectures with a base that has ImageNet's weights."""


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


ARCHITECTURES: Mapping[str, type[Architecture]] = MappingProxyType(
    {
        "four-block": FourBlock,
        "four-block-56": FourBlock56,
        "lenet": LeNet,
        "deep-4x4": Deep4x4,
        "mini-xception": MiniXception,
        "compact": Compact,
        "tiny": Tiny,
        "resnet50": ResNet50,
        "efficientnet-lite": EfficientNetLite,
        "deep-emotion": DeepEmotion,
    }
)


def find_architecture(name: str) -> type[Architecture]:
    """Return an architecture's options class.

    Raises:
        RecipeError: There is no such architecture.
    """
    if name not in ARCHITECTURES:
        raise RecipeError(f"architecture '{name}' is unknown; wanted: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]
