"""The architectures: each is a frozen dataclass of its options with a `build` method.

A builder gets a `keras` module and uses only what Keras 3 and tf-keras have in common, so that the
same code serves the float stage (Keras 3 on any backend) and the quantization-aware stage
(tf-keras). The `[network]` table of a recipe contains the options. Architectures are registered by
name as entry points in pyproject.toml; other packages can add their own in the same way.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fer_edge import plugins
from fer_edge.errors import FerEdgeError, PluginError, RecipeError
from fer_edge.schema import SchemaError, decode, encode

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
    "read_options",
]

log = logging.getLogger(__name__)

_MOST = 10_000
"""Largest size in `[network]`: a backend would try to allocate anything."""
_MOST_OF = {"blocks": 100, "first_filters_log2": 10}
"""Largest value of an option that is not a size."""


@runtime_checkable
class Architecture(Protocol):
    """Options of a network."""

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Build the untrained network.

        Args:
            keras: The Keras 3 or the tf-keras module.
            size_px: Side of the square gray input.
            classes: Number of outputs.

        Returns:
            A Keras model from float32 (batch, size_px, size_px, 1) in [0, 1] to probabilities
            (batch, classes).
        """
        ...


@runtime_checkable
class Pretrained(Architecture, Protocol):
    """Options of a network with a base that can have pretrained weights: `--weights`."""

    @property
    def weights(self) -> str:
        """Source of the weights, such as imagenet or a path; none leaves the base as built."""
        ...

    def load_weights(self, keras: Any, network: Any, images: NDArray[np.uint8]) -> None:
        """Set the weights of the base; called once before training, unless `weights` is none.

        Args:
            keras: The Keras 3 module.
            network: Untrained network from `build`, which is changed.
            images: uint8, (n, height, width), gray training faces for measuring statistics.

        Raises:
            TrainingError: The weights cannot be downloaded or read, or belong to another network.
        """
        ...


def find_architecture(name: str) -> type[Architecture]:
    """Return the options class of an architecture.

    Raises:
        RecipeError: The name is unknown, or the architecture of another package cannot be used.
    """
    try:
        found: Any = plugins.load(plugins.ARCHITECTURES, name)
    except PluginError as error:
        raise RecipeError(str(error)) from error
    if not (isinstance(found, type) and hasattr(found, "build") and is_dataclass(found)):
        raise RecipeError(
            f"architecture {name!r} is {found!r}, expected a frozen dataclass with a build method"
        )
    return cast(type[Architecture], found)


def read_options(name: str, table: object) -> Architecture:
    """Read the options of an architecture, the table `[network]` of a recipe.

    Raises:
        RecipeError: The architecture is unknown, an option is, or a value is wrong or too large.
    """
    part = find_architecture(name)
    try:
        options = decode(part, table, where="network")
    except SchemaError as error:
        raise RecipeError(str(error)) from error
    except FerEdgeError:
        raise
    except Exception as error:  # the dataclass of another package can raise anything
        said = plugins.describe(plugins.ARCHITECTURES, name)
        log.info("%s:", said, exc_info=error)  # --verbose shows the traceback
        raise RecipeError(
            f"{said} rejects [network]: {type(error).__name__}: {error}; change it, or ask the "
            "authors of the package"
        ) from error
    if name in plugins.own_names(plugins.ARCHITECTURES):
        for key, value in _numbers(encode(options)):
            if value > (most := _MOST_OF.get(key, _MOST)):
                raise RecipeError(f"'network.{key}' is {value}, expected at most {most}")
    return options


def _numbers(table: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in table.items():
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int | float):
                yield key, number
