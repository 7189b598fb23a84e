"""Check that a network's configuration uses stock parts of Keras only.

It runs before a loader sees the file. Keras 3 rejects some of this itself, tf-keras hardly any.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.keras_files.names import (
    CODE_LAYERS,
    INITIALIZERS,
    INTERNAL,
    OUTSIDE_LAYERS,
    PACKAGES,
    is_graph_function,
    is_stock_class,
    is_stock_function,
)
from fer_edge.shown import printable

MAX_DEPTH = 200
"""Nesting depth of a configuration; the deepest public networks have about 10 levels."""

MAX_SIZE = 1 << 20
"""Largest integer, such as units, strides and picture sides: larger ones fill the memory or crash
TensorFlow."""

_NOT_SIZES = ("seed", "shared_object_id")


def check_config(root: object, path: Path, *, trust_code: bool = False) -> None:
    """Check every part of a configuration.

    Args:
        root: Configuration parsed from JSON.
        path: Path of the network, for messages.
        trust_code: Whether Lambda layers and marshaled functions are allowed.

    Raises:
        ModelError: It contains code, or a part that is not stock; the message names the part.
    """
    nodes = list(walk(root, path))
    checks = (_part,) if trust_code else (_code, _part)  # code is reported before unknown parts
    try:
        fault = next((found for check in checks for node in nodes if (found := check(node))), "")
    except (TypeError, AttributeError) as error:
        raise ModelError(f"{path} is damaged: its configuration has {error}") from error
    if fault:
        raise ModelError(f"{path} {fault}")


def walk(root: object, path: Path) -> Iterator[dict[str, Any]]:
    """Yield all JSON objects of a configuration, outermost first, without recursion.

    Raises:
        ModelError: It is nested too deeply.
    """
    stack = [(root, 0)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ModelError(
                f"{path} is damaged: its configuration is nested deeper than {MAX_DEPTH} levels"
            )
        if isinstance(value, dict):
            yield value
        if isinstance(value, dict | list):
            items = value.values() if isinstance(value, dict) else value
            stack += [(item, depth + 1) for item in items if isinstance(item, dict | list)]


def _code(node: dict[str, Any]) -> str:
    what = ""
    name = str(node.get("class_name", "")).rpartition(">")[2]
    if name == "Lambda":
        what = f"a Lambda layer '{_label(node)}'"
    elif name in CODE_LAYERS or "function_type" in node:
        what = "a marshaled function"
    else:
        listed = [
            printable(key) for key in node if key.endswith("activation") and _is_list(node[key])
        ]
        if listed:
            what = f"a marshaled function as {listed[0]}"
    if not what:
        return ""
    return (
        f"has {what}, which is code that would run on this computer; nothing was loaded. "
        "Save the network with stock layers instead; convert loads it with --trust-code, if "
        "you trust its author"
    )


def _part(node: dict[str, Any]) -> str:
    return _activation(node) or _size(node) or _class(node)


def _activation(node: dict[str, Any]) -> str:
    for key, value in node.items():
        # a list is marshaled code: rejected before, or trusted
        if not key.endswith("activation") or value is None or isinstance(value, dict | list):
            continue
        if not is_stock_function(value):
            return _unknown("an activation", value)
    return ""


def _size(node: dict[str, Any]) -> str:
    for key, value in node.items():
        stack = [] if key in _NOT_SIZES else [value]
        while stack:
            item = stack.pop()
            if isinstance(item, int) and abs(item) > MAX_SIZE:
                found = f"{printable(key)} is {printable(item, 20)}"
                return f"is damaged: {found}, expected at most {MAX_SIZE}"
            stack += item if isinstance(item, list) else ()
    return ""


def _class(node: dict[str, Any]) -> str:
    if "class_name" not in node:
        return ""
    name, module, config = node["class_name"], node.get("module"), node.get("config")
    if not isinstance(name, str):
        return "is damaged: its configuration has a class_name that is not text"
    if name in OUTSIDE_LAYERS:
        return (
            f"has a layer {name}, which loads other files or code; nothing was loaded. Save the "
            "network with stock layers instead"
        )
    package = str(module).partition(".")[0]
    from_keras = module in (None, *INITIALIZERS) or package in (*PACKAGES, "builtins")
    if name == "function":
        if from_keras and is_stock_function(config):
            return ""
        return _unknown("a function", config if from_keras else f"{module}.{config}")
    kind = "a layer" if _is_layer(node) else "an object"
    if not from_keras:
        return _unknown(kind, name, f", of the module {module}")
    if name in INTERNAL or name in CODE_LAYERS:
        return ""
    if name in ("TFOpLambda", "SlicingOpLambda"):
        function = config.get("function") if isinstance(config, dict) else None
        return "" if is_graph_function(function) else _unknown("an operation", function)
    if not is_stock_class(name, module):
        return _unknown(kind, name)
    # Keras uses the registered class of a registered name instead of the stated one
    registered = node.get("registered_name")
    return "" if registered in (None, name, f"Custom>{name}") else _unknown(kind, registered)


def _unknown(kind: str, name: object, place: str = "") -> str:
    shown = printable(str(name).rpartition(">")[2])
    return (
        f"cannot be read as a Keras model: it has {kind} {shown} that Keras does not know"
        f"{printable(place)}; save the network with stock layers in its place"
    )


def _is_layer(node: dict[str, Any]) -> bool:
    config = node.get("config")
    return "inbound_nodes" in node or (isinstance(config, dict) and "trainable" in config)


def _label(node: dict[str, Any]) -> str:
    config = node.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return printable(name or node.get("name") or "without a name")


def _is_list(value: object) -> bool:
    return isinstance(value, list)
