"""Errors while a network is built, which each backend and architecture reports in its own way."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fer_edge import plugins
from fer_edge.errors import FerEdgeError, RecipeError

from ..backend.keras3 import keras
from ..backend.memory import is_lack_of_memory
from ..recipes.recipe import Recipe

log = logging.getLogger(__name__)

_SUM_TOLERANCE = 1e-2  # float16 rounds


@contextmanager
def build_checked(recipe: Recipe, advice: str = "change size_px or [network]") -> Iterator[None]:
    """Turn any error of the block, which builds the network of a recipe, into one line.

    A lack of memory and the errors of fer-edge stay as they are.

    Args:
        recipe: Recipe of the network.
        advice: What to change.

    Raises:
        RecipeError: The backend, or an architecture of another package, cannot build the network.
    """
    try:
        yield
    except FerEdgeError:
        raise
    except Exception as error:  # TensorFlow, JAX, PyTorch and other packages have their own
        if is_lack_of_memory(error):
            raise
        name = recipe.architecture
        said = plugins.describe(plugins.ARCHITECTURES, name)
        if name not in plugins.own_names(plugins.ARCHITECTURES):
            advice += ", or ask the authors of the package"
        log.info("%s:", said, exc_info=error)  # --verbose shows the traceback
        reason = (str(error).strip().splitlines() or [""])[0]
        raise RecipeError(
            f"{said} with {recipe.network} cannot be built for faces of {recipe.size_px} px: "
            f"{type(error).__name__}{': ' if reason else ''}{reason}; {advice}"
        ) from error


def check_built(network: Any, recipe: Recipe, classes: int) -> None:
    """Check what `build` of an architecture returned.

    Args:
        network: The network, float32 (n, size, size, 1) to probabilities, (n, classes).
        recipe: Recipe of the network.
        classes: Number of classes.

    Raises:
        ValueError: It is something else; in a block of `build_checked`.
    """
    if not isinstance(network, keras.Model) or not hasattr(network, "input_shape"):
        kind = type(network).__name__
        raise ValueError(f"build returned {kind}, expected a functional Keras model")
    expected = (None, recipe.size_px, recipe.size_px, 1)
    if network.input_shape != expected:
        raise ValueError(f"its input is {network.input_shape}, expected {expected}")
    if network.output_shape != (None, classes):
        raise ValueError(f"its output is {network.output_shape}, expected (None, {classes})")
    if recipe.architecture in plugins.own_names(plugins.ARCHITECTURES):
        return
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.Lambda):
            raise ValueError(
                f"layer {layer.name!r} is a Lambda layer, whose code a run folder cannot contain; "
                "expected a layer of Keras, or a registered class"
            )
    faces = np.zeros((1, recipe.size_px, recipe.size_px, 1), np.float32)
    outputs = keras.ops.convert_to_numpy(network(faces, training=False))
    total = float(np.asarray(outputs, np.float64).sum())  # bfloat16 would round the sum
    if not abs(total - 1) <= _SUM_TOLERANCE:
        raise ValueError(
            f"its outputs for a black face sum to {total:.3g}, expected probabilities (softmax)"
        )
