"""Networks that were built for a fixed number of pictures at a time.

The batch belongs to the configuration, not to the weights.
"""

from typing import Any

_SHAPES = ("batch_shape", "batch_input_shape", "build_input_shape", "input_shape")


def open_batch(root: Any) -> None:
    """Change a configuration in place, so that its inputs accept any number of pictures.

    Args:
        root: Configuration parsed from JSON.
    """
    stack = [root]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, dict):
            stack += value.values()
            for shape in (value.get(key) for key in _SHAPES):
                # a picture's shape; other layers' shapes follow from it
                if isinstance(shape, list) and len(shape) == 4 and type(shape[0]) is int:
                    shape[0] = None
