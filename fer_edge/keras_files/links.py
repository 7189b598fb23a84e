"""Check that the layers of a configuration can be connected; otherwise Keras tries forever."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.keras_files.names import RECURRENT
from fer_edge.keras_files.safety import walk
from fer_edge.shown import printable

Link = tuple[str, int]
"""Name of a layer, and the number of its call."""

_SEVERAL_OUTPUTS = RECURRENT | {
    *("MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"),
    *("TFOpLambda", "SlicingOpLambda", "Functional", "Model", "Sequential"),
}


def check_links(root: object, path: Path) -> None:
    """Check that each call of a layer depends on earlier calls only.

    Raises:
        ModelError: A layer depends on a call that never happens, or a link is invalid.
    """
    for node in walk(root, path):
        layers = node.get("layers")
        if not isinstance(layers, list):
            continue
        known = [item for item in layers if isinstance(item, dict) and "inbound_nodes" in item]
        stuck = _first_stuck(known)
        if stuck:
            raise ModelError(
                f"{path} is damaged: its layer {printable(stuck)} has inputs that no earlier "
                "layer produces"
            )


def _first_stuck(layers: list[dict[str, Any]]) -> str:
    by_name = {str(item.get("name")): item for item in layers}
    starts = {name for name, item in by_name.items() if item.get("class_name") == "InputLayer"}
    waiting: dict[Link, list[Link]] = {}
    for name, item in by_name.items():
        calls = item["inbound_nodes"]
        for i, call in enumerate(calls if isinstance(calls, list) else ()):
            waiting[name, i] = list(_links(call, by_name))
    done: set[Link] = set()
    while waiting:
        ready = [
            link
            for link, before in waiting.items()
            if all(i >= 0 and (name in starts or (name, i) in done) for name, i in before)
        ]
        if not ready:
            return next(iter(waiting))[0]
        for name, i in ready:
            done.add((name, i))
            if _is_network(by_name[name]):  # Keras 2 counts the creation of a network as a call
                done.add((name, i + 1))
            del waiting[name, i]
    return ""


def _links(call: object, by_name: dict[str, dict[str, Any]]) -> Iterator[Link]:
    """Yield the calls that a call uses, as written by Keras 3 (`keras_history`) or 2 (lists)."""
    stack = [call]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            if len(value) >= 3 and isinstance(value[0], str) and value[0] in by_name:
                name, node, output = value[:3]
                sound = type(node) is int and type(output) is int
                if output != 0 and not _has_several_outputs(by_name[name]):
                    sound = False
                yield name, node if sound else -1  # never happens
            stack += value


def _has_several_outputs(item: dict[str, Any]) -> bool:
    is_operation = str(item.get("module")).startswith("keras.src.ops")
    return is_operation or item.get("class_name") in _SEVERAL_OUTPUTS


def _is_network(item: dict[str, Any]) -> bool:
    return item.get("class_name") in ("Functional", "Model", "Sequential")
