"""Conversion of networks in half precision to float32.

Training in mixed precision keeps the weights in float32 and computes in float16, which TFLite
operators do not support. The weights are the same; only the configuration differs.
"""

from collections.abc import Iterator
from typing import Any

_FLOATS = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64")
_POLICIES = ("DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1")


def to_full_precision(root: Any) -> tuple[str, ...]:
    """Change a configuration in place, so that all its layers compute in float32.

    Args:
        root: Configuration parsed from JSON.

    Returns:
        The types that were replaced, such as `mixed_float16`.
    """
    found = {place[key] for place, key in _types(root) if place[key] in _FLOATS}
    for place, key in _types(root):
        if place[key] in _FLOATS:
            place[key] = "float32"
    # a mixed policy also leaves float16 in the tensors between its layers
    return tuple(sorted({name for name in found if name.startswith("mixed")} or found))


def is_quantized(root: Any) -> bool:
    """Return whether Keras has quantized a layer, as `model.quantize("int8")` does."""
    stack = [root]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            kind = value.get("class_name")
            if isinstance(kind, str) and "Quantized" in kind and kind.endswith("DTypePolicy"):
                return True
        if isinstance(value, dict | list):
            stack += value.values() if isinstance(value, dict) else value
    return False


def _types(root: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield all places in a configuration with the name of a type or of a policy."""
    stack = [root]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if isinstance(value.get("dtype"), str):
                yield value, "dtype"
            config: Any = value.get("config")
            is_policy = value.get("class_name") in _POLICIES and isinstance(config, dict)
            if is_policy and isinstance(config.get("name"), str):
                yield config, "name"
        if isinstance(value, dict | list):
            stack += value.values() if isinstance(value, dict) else value
