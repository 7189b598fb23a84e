"""Outputs of another project's network: probabilities, sigmoids, logits, or other values."""

from typing import Any

SIGMOIDS = ("sigmoid", "hard_sigmoid")
LINEAR = "linear"

_PASSING = ("Flatten", "Reshape", "Dropout", "Identity", "ActivityRegularization", "InputLayer")
"""Layers that do not change values at inference."""


def output_activation(network: Any) -> str:
    """Return the activation of the outputs of a Keras network; `linear` for none."""
    layer = _output_layer(network)
    activation = getattr(layer, "activation", None)
    if activation is not None:
        return str(getattr(activation, "__name__", type(activation).__name__)).lower()
    config = layer.get_config() if hasattr(layer, "get_config") else {}
    if isinstance(config.get("function"), str):  # an operation of TensorFlow: math.sigmoid
        return str(config["function"].rpartition(".")[2])
    name = type(layer).__name__.lower()
    known = ("sigmoid", "softmax", "tanh", "relu", "leakyrelu", "elu", "hardsigmoid")
    return name.replace("hards", "hard_s") if name in known else LINEAR


def take_sigmoid_off(network: Any, module: Any) -> bool:
    """Remove the sigmoids at the end of a network, in place, so that it outputs their logits.

    Returns:
        Whether it outputs logits; a sigmoid that is a separate operation remains.
    """
    layer = _output_layer(network)
    if getattr(layer, "activation", None) is None:
        return False
    layer.activation = module.activations.linear
    return True


def remark(activation: str) -> str:
    """Describe outputs that are not probabilities, and how they are used."""
    if activation in SIGMOIDS:
        return (
            f"{activation} outputs, a yes or no per class: the files output the probability of "
            "each class if exactly one of them holds; the most probable class stays the same"
        )
    if activation == LINEAR:
        return "logits: a softmax is added"
    return (
        f"{activation} outputs, which are not probabilities: treated as logits, a softmax is added"
    )


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
