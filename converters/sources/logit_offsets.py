"""A rare class raised: a number added to its logit, once, in the last layer's bias.

A class that few training faces have is hardly ever the likeliest, however well the network ranks
its faces. Adding to logits after training (Menon et al. 2021, arXiv:2007.07314, section 4.1,
"post-hoc logit adjustment") moves that border and nothing else. It stands in the bias, so every
file and device has it, at no cost.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError

from .source import Source

_LEAST = -60.0
"""A logarithm below which a float32 probability is soon 0, and tells nothing."""


def with_logit_offsets(source: Source, offsets: Mapping[str, float]) -> Source:
    """Add to the logits of classes, in the float and the quantization-aware network.

    Args:
        source: Its networks are changed.
        offsets: What to add, by class.

    Raises:
        ModelError: A class is unknown, or a network does not end in a dense layer with a bias and a
            softmax.
    """
    if not offsets:
        return source
    unknown = [name for name in offsets if name not in source.labels]
    if unknown:
        raise ModelError(
            f"--logit-offset names {', '.join(unknown)}; {source.name} has the classes "
            f"{', '.join(source.labels)}"
        )
    added = tuple(offsets.get(name, 0.0) for name in source.labels)
    if not _add_to_logits(source.network, added):
        raise ModelError(
            f"{source.name} does not end in a dense layer with a bias and a softmax, to which "
            "--logit-offset could add; convert without it"
        )
    if source.qat_network is not None:  # the same layers, where rounding hides what moved
        _add_to_bias(source.qat_network, added)
    return replace(source, logit_offsets=added)


def _add_to_logits(network: Any, added: tuple[float, ...]) -> bool:
    """Add to the last bias, and say whether that moved the logits by so much."""
    before = _log_probabilities(network)
    if not _add_to_bias(network, added):
        return False
    after = _log_probabilities(network)
    moved = (after - before - added)[np.minimum(before, after) > _LEAST]
    # the softmax's normalizer moves all logits alike; another layer's bias would not
    return moved.size < 2 or bool(np.ptp(moved) < 1e-3 * (1 + np.abs(added).max()))


def _add_to_bias(network: Any, added: tuple[float, ...]) -> bool:
    """Add to the last bias of as many values as there are classes; False if there is none."""
    biases = [w for w in network.weights if "bias" in w.name and tuple(w.shape) == (len(added),)]
    if biases:
        biases[-1].assign(np.asarray(biases[-1]) + np.array(added, np.float32))
    return bool(biases)


def _log_probabilities(network: Any) -> NDArray[np.float64]:
    """Read a middle grey face, in Keras: float64 (classes,)."""
    _, *shape = network.input_shape
    face = np.full((1, *shape), 0.5, np.float32)
    probabilities = np.asarray(network(face, training=False), np.float64)[0]
    logs: NDArray[np.float64] = np.log(np.maximum(probabilities, np.exp(_LEAST)))
    return logs
