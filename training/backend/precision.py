"""Mixed precision: a copy of a network that computes in 16 bits during training.

Micikevicius et al. 2018 (arXiv:1710.03740): variables, loss and softmax stay float32, convolutions
run in 16 bits, and float16 needs loss scaling. No global policy is changed. The float32 network is
kept next to the copy; it is scored and stored, so nothing after training depends on the precision.
"""

from typing import Any

from ..recipes.recipe import Precision
from .keras3 import keras

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}


def learning_copy(network: Any, precision: Precision) -> Any:
    """Copy a float32 network, including weights, to a network of another precision.

    Args:
        network: A functional Keras model whose last layer is its softmax.
        precision: Precision of all layers except the last, which stays float32.

    Returns:
        A Keras model with float32 variables in the same order.
    """

    def copy(layer: Any) -> Any:
        config = layer.get_config()
        if layer is not network.layers[-1]:
            config["dtype"] = POLICIES[precision]
        return layer.__class__.from_config(config)

    learner = keras.models.clone_model(network, clone_function=copy)
    learner.set_weights(network.get_weights())
    return learner


def scaled(optimizer: Any, precision: Precision) -> Any:
    """Scale the loss for float16, where small gradients would become zero."""
    if precision != "float16":
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
