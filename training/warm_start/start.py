"""Fine-tuning: a run that starts from existing weights."""

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError
from fer_edge.faces.votes import ferplus_column

from ..architectures.residual import BRANCH_END, SHORTCUT
from ..backend.keras3 import keras
from .trained import Trained

log = logging.getLogger(__name__)


def start_from(trained: Trained, network: Any, class_names: tuple[str, ...]) -> None:
    """Copy the weights of a trained network to a network.

    Classes may differ: those that the trained network has, also under another common name
    (`happiness` or `joy` for `happy`), keep their part of the last layer; the others start at
    random. The network may have additional residual blocks: they start as the identity (a last
    gamma of zero), so that the grown network initially gives the same output (Chen et al. 2016,
    Net2Net, arXiv:1511.05641; Goyal et al. 2017, arXiv:1706.02677, section 5.1).

    Args:
        trained: Trained network.
        network: A Keras model whose last weights are kernel (..., classes) and bias (classes).
        class_names: Classes of its outputs.

    Raises:
        TrainingError: The weights do not match.
    """
    given = _weights(trained.network)
    own = _weights(network)
    try:
        if trained.labels != class_names:
            last = next(reversed(given))
            if last not in own:
                raise ValueError(f"it ends in the layer {last}")
            kept = _kept(trained, class_names)
            given[last] = [
                _for_classes(values, fresh, kept)
                for values, fresh in zip(given[last], own[last], strict=True)
            ]
        for block in _new_blocks(given, own):
            gamma = network.get_layer(block + BRANCH_END).gamma
            gamma.assign(keras.ops.zeros_like(gamma))
        for name, values in given.items():
            network.get_layer(name).set_weights(values)
    except ValueError as error:
        raise TrainingError(
            f"the weights of {trained.name} do not fit this architecture: {error}; start from "
            "the same architecture, with the same [network] sizes or fewer blocks"
        ) from error


def _weights(network: Any) -> dict[str, list[NDArray[np.float32]]]:
    return {layer.name: layer.get_weights() for layer in network.layers if layer.weights}


def _kept(trained: Trained, class_names: tuple[str, ...]) -> list[int | None]:
    """Return the index of each class among the known ones, None if it is unknown."""
    places = {_meaning(name): place for place, name in enumerate(trained.labels)}
    kept = [places.get(_meaning(name)) for name in class_names]
    new = [name for name, place in zip(class_names, kept, strict=True) if place is None]
    if new:
        log.warning(
            "classes that %s does not have start at random: %s", trained.name, ", ".join(new)
        )
    return kept


def _for_classes(
    given: NDArray[np.float32], fresh: NDArray[np.float32], kept: list[int | None]
) -> NDArray[np.float32]:
    """Return weights (..., classes): the given ones for known classes, random ones for others."""
    columns = [
        fresh[..., own] if place is None else given[..., place] for own, place in enumerate(kept)
    ]
    return np.stack(columns, axis=-1)


def _new_blocks(given: Iterable[str], own: Iterable[str]) -> list[str]:
    """Return the names of the residual blocks that are new.

    Raises:
        ValueError: Other layers are new, or the shortcut of a block, which would not be the
            identity.
    """
    new = set(own) - set(given)
    blocks = [name.removesuffix(BRANCH_END) for name in new if name.endswith(BRANCH_END)]
    fit = {name for name in new for block in blocks if name.startswith(f"{block}_")}
    stray = (new - fit) | {name for name in new if SHORTCUT in name}
    if stray:
        raise ValueError(f"it has no layer {', '.join(sorted(stray))}")
    return blocks


def _meaning(name: str) -> int | str:
    column = ferplus_column(name)
    return name.lower() if column is None else column
