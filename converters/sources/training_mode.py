"""Layers that a network calls in training mode, whatever its caller asks for.

`Dropout()(x, training=True)` and the same of batch normalization are part of the network's
configuration. A file for serving computes in inference mode: without random numbers, and with the
statistics from training instead of those of the batch.
"""

import re
from collections.abc import Iterator
from typing import Any

_NOTED = re.compile("Dropout|Noise|BatchNormalization|Functional|Sequential|Model")
"""Layers of which somebody chose the training mode; Keras records it for every layer that prepares
pictures, such as RandomFlip and Resizing."""


def leave_training_mode(root: Any) -> tuple[str, ...]:
    """Change a configuration in place, so that no call of a layer is in training mode.

    Args:
        root: Configuration parsed from JSON.

    Returns:
        The names of the layers that somebody chose to call in training mode.
    """
    names = []
    for layer in _dicts(root):
        calls = [call for call in _dicts(layer.get("inbound_nodes")) if call.get("training")]
        for call in calls:
            call["training"] = False
        if calls and _NOTED.search(str(layer.get("class_name"))):
            names.append(str(layer.get("name")))
    return tuple(names)


def _dicts(root: Any) -> Iterator[dict[str, Any]]:
    stack = [root]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            yield value
            stack += value.values()
        elif isinstance(value, list):
            stack += value
