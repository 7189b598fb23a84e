"""Outputs of another project's network: probabilities, sigmoids, logits, or other values."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError

SIGMOID = "sigmoid"
LINEAR = "linear"

_OF_LOGITS = (
    *("relu", "relu6", "leakyrelu", "leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "mish"),
    *("silu", "swish", "hard_silu", "hard_swish", "softplus", "softsign", "tanh", "hard_tanh"),
    *("exponential", "squareplus", "sparse_plus", "thresholdedrelu", "threshold", "glu"),
)
"""Last activations whose values are never probabilities in disguise."""

_PASSING = ("Flatten", "Reshape", "Dropout", "Identity", "ActivityRegularization", "InputLayer")
"""Layers that do not change values at inference."""


def output_activation(network: Any) -> str:
    """Return the activation of the outputs of a Keras network; `linear` for none."""
    layer = _output_layer(network)
    activation = getattr(layer, "activation", None)
    if activation is not None:
        return _name(activation)
    config = layer.get_config() if hasattr(layer, "get_config") else {}
    if isinstance(config.get("function"), str):  # an operation of TensorFlow: math.sigmoid
        return str(config["function"].rpartition(".")[2])
    name = type(layer).__name__.lower()
    known = ("sigmoid", "softmax", "tanh", "relu", "leakyrelu", "elu", "hardsigmoid")
    return name.replace("hards", "hard_s") if name in known else LINEAR


def take_sigmoid_off(network: Any, module: Any) -> bool:
    """Remove the sigmoid at the end of a network, in place, so that it outputs the logits.

    A layer that is also used inside the network loses its sigmoid there, too.

    Returns:
        Whether it outputs logits; a sigmoid that is a separate operation remains.
    """
    layer = _output_layer(network)
    if getattr(layer, "activation", None) is None:
        return False
    layer.activation = module.activations.linear
    return True


def are_shares(outputs: NDArray[np.float32]) -> bool:
    """Return whether outputs, (n, classes), are probabilities that add up to 1."""
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1.0, atol=1e-3))


def check_logits(outputs: NDArray[np.float32], activation: str, path: Path) -> None:
    """Check that outputs on faces can be logits, to which a softmax may be added.

    Logits go below 0, or above 1 with a sum that differs from face to face. Sigmoids and
    percentages do not, whatever operation computes the output in the end: a softmax of them would
    be far too even.

    Args:
        outputs: (n, classes), which are not probabilities that add up to 1.
        activation: Activation of the outputs.
        path: Path of the network, for messages.

    Raises:
        ModelError: They are sigmoids or scaled probabilities.
    """
    is_constant = bool(np.ptp(outputs, axis=0).max() <= 0)  # of a network without any answer
    if activation in _OF_LOGITS or outputs.min() < 0 or is_constant:
        return
    sums = outputs.sum(axis=1)
    if np.ptp(sums) <= 1e-3 * sums.mean():
        raise ModelError(
            f"{path} produces values that add up to {sums.mean():.4g} for every face; expected "
            "probabilities, which add up to 1, or logits: divide them inside the network, or save "
            "it without its last operations"
        )
    if outputs.max() <= 1 + 1e-3:
        raise ModelError(
            f"{path} produces values between {outputs.min():.2g} and {outputs.max():.2g} for all "
            f"{len(outputs)} faces, a yes or no per class (sigmoids) rather than logits; expected "
            "probabilities or logits: save the network without the operations behind its last "
            "dense layer, or divide its outputs by their sum"
        )


def remark(activation: str) -> str:
    """Describe outputs that are not probabilities, and how they are used."""
    if activation == SIGMOID:
        return (
            "sigmoid outputs, a yes or no per class: the files output the probability of "
            "each class if exactly one of them holds; the most probable class stays the same"
        )
    if activation == LINEAR:
        return "logits: a softmax is added"
    return (
        f"{activation} outputs, which are not probabilities: treated as logits, a softmax is added"
    )


def _name(activation: Any) -> str:
    """Return the name of an activation: a function, or a layer that applies one."""
    while getattr(activation, "activation", None) is not None:
        activation = activation.activation
    return str(getattr(activation, "__name__", type(activation).__name__)).lower()


def _output_layer(network: Any) -> Any:
    """Find the layer that determines the output, also in nested networks."""
    tensor = network.outputs[0]
    while True:
        history = tensor._keras_history
        layer: Any = getattr(history, "operation", None) or getattr(history, "layer", None)
        if hasattr(layer, "outputs") and hasattr(layer, "layers"):
            tensor = layer.outputs[0]
            continue
        linear = getattr(getattr(layer, "activation", None), "__name__", "") == LINEAR
        passing = type(layer).__name__ in _PASSING or (
            linear and type(layer).__name__ == "Activation"
        )
        before = getattr(layer, "input", None) if passing else None
        if before is None or isinstance(before, list | dict) or before is tensor:
            return layer
        tensor = before
