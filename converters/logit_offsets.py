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
    added = np.array([offsets.get(name, 0.0) for name in source.labels], np.float32)
    before = _log_probabilities(source.network)
    for network in filter(None, (source.network, source.qat_network)):
        biases = [
            weight
            for weight in network.trainable_weights
            if "bias" in weight.name and tuple(weight.shape) == added.shape
        ]
        if biases:
            biases[-1].assign(np.asarray(biases[-1]) + added)
    moved = _log_probabilities(source.network) - before - added
    # the softmax's normaliser moves all logits alike; a bias elsewhere, or none, would not
    if np.ptp(moved) > 1e-3 * (1 + np.abs(added).max()):
        raise ModelError(
            f"{source.name} does not end in a dense layer with a bias and a softmax, to which "
            "--logit-offset could add; convert without it"
        )
    return replace(source, logit_offsets=tuple(added.tolist()))


def _log_probabilities(network: Any) -> NDArray[np.float64]:
    """Read a middle grey face, in Keras: float64 (classes,)."""
    _, *shape = network.input_shape
    face = np.full((1, *shape), 0.5, np.float32)
    probabilities = np.asarray(network(face, training=False), np.float64)[0]
    log: NDArray[np.float64] = np.log(np.maximum(probabilities, 1e-30))
    return log
