"""An offset for the logit of a rare class, in the bias of the last layer.

A class with few training faces is hardly ever the most probable one, even if the network ranks its
faces well. Adding to logits after training (Menon et al. 2021, arXiv:2007.07314, section 4.1,
"post-hoc logit adjustment") moves this decision boundary and nothing else. The offset is part of
the bias, so every file and device has it, at no cost.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError

from .source import Source

log = logging.getLogger(__name__)

UNCERTAIN_BELOW = 0.4
"""Default of `fer-edge run`: a face whose best probability is lower is `uncertain`."""

_LEAST = -60.0
"""Logarithm below which a float32 probability is almost 0 and not informative."""


def with_logit_offsets(source: Source, offsets: Mapping[str, float]) -> Source:
    """Add to the logits of classes in the float and the quantization-aware network.

    Args:
        source: Source; its networks are changed.
        offsets: Offset by class.

    Raises:
        ConfigError: A class is unknown, or a network does not end in a dense layer with a bias and
            a softmax.
    """
    if not offsets:
        return source
    unknown = [name for name in offsets if name not in source.labels]
    if unknown:
        raise ConfigError(
            f"--logit-offset has {', '.join(unknown)}; {source.name} has the classes "
            f"{', '.join(source.labels)}"
        )
    added = tuple(offsets.get(name, 0.0) for name in source.labels)
    if not _add_to_logits(source.network, added):
        raise ConfigError(
            f"{source.name} does not end in a dense layer with a bias and a softmax, which "
            "--logit-offset needs; convert without it"
        )
    if source.qat_network is not None:  # same layers, but rounding hides the change
        _add_to_bias(source.qat_network, added)
    return replace(source, logit_offsets=added)


def warn_of_empty_pictures(
    labels: Sequence[str], offsets: Sequence[float], temperature: float, name: str
) -> None:
    """Warn if a picture without information would get a label because of the offsets.

    A network that sees nothing in a picture should give every class the same probability. Offsets
    favor some classes, and a temperature below 1 strengthens them.

    Args:
        labels: Classes.
        offsets: Offset of each class; empty for none.
        temperature: Temperature of the file.
        name: Name of the file, for the warning.
    """
    if not offsets or len(labels) * UNCERTAIN_BELOW <= 1:
        return
    raised = int(np.argmax(offsets))
    logits = (np.array(offsets) - offsets[raised]) / temperature
    # in logarithms: next to a large offset, the powers of the others vanish
    others = np.logaddexp.reduce(np.delete(logits, raised))
    probability = np.exp(-np.logaddexp(0, others))
    if probability < UNCERTAIN_BELOW:
        return
    shown = "%s: a picture in which the network sees nothing is %.0f%% %s, because "
    found = (name, 100 * probability, labels[raised])
    if offsets[raised] <= 0:
        log.warning(f"{shown}the logits of other classes are lowered", *found)
        return
    surplus = temperature * (np.log(1 / UNCERTAIN_BELOW - 1) - others)
    log.warning(
        f"{shown}its logit is raised by %g and the temperature is %.2f; with an offset below %.2f "
        "it is uncertain",
        *(*found, offsets[raised], temperature, offsets[raised] - surplus),
    )


def _add_to_logits(network: Any, added: tuple[float, ...]) -> bool:
    """Add to the last bias, and return whether the logits changed by that much."""
    before = _log_probabilities(network)
    if not _add_to_bias(network, added):
        return False
    after = _log_probabilities(network)
    moved = (after - before - added)[np.minimum(before, after) > _LEAST]
    # the softmax's normalization shifts all logits equally; the bias of another layer would not
    return moved.size < 2 or bool(np.ptp(moved) < 1e-3 * (1 + np.abs(added).max()))


def _add_to_bias(network: Any, added: tuple[float, ...]) -> bool:
    """Add to the last bias with one value per class; False if there is none."""
    biases = [w for w in network.weights if "bias" in w.name and tuple(w.shape) == (len(added),)]
    if biases:
        biases[-1].assign(np.asarray(biases[-1]) + np.array(added, np.float32))
    return bool(biases)


def _log_probabilities(network: Any) -> NDArray[np.float64]:
    """Classify a uniform gray face, in Keras: float64 (classes,)."""
    _, *shape = network.input_shape
    face = np.full((1, *shape), 0.5, np.float32)
    probabilities = np.asarray(network(face, training=False), np.float64)[0]
    logs: NDArray[np.float64] = np.log(np.maximum(probabilities, np.exp(_LEAST)))
    return logs
