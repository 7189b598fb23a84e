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

MAX_LAYERS = 4096
"""Layers of one network, four times those of the largest public ones: Keras's time grows with the
square of their number, if they are stored in an unfavorable order."""

_SEVERAL_OUTPUTS = RECURRENT | {
    *("MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention"),
    *("TFOpLambda", "SlicingOpLambda", "Functional", "Model", "Sequential"),
}


def check_links(root: object, path: Path) -> None:
    """Check that each call of a layer depends on earlier calls only.

    Raises:
        ModelError: A layer depends on a call that never happens, a link is invalid, or there are
            too many layers.
    """
    for node in walk(root, path):
        layers = node.get("layers")
        if not isinstance(layers, list):
            continue
        if len(layers) > MAX_LAYERS:
            raise ModelError(
                f"{path} has a network of {len(layers)} layers, expected at most {MAX_LAYERS}"
            )
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
    missing: dict[Link, int] = {}  # number of links of each call that no earlier call produces
    users: dict[Link, list[Link]] = {}
    for name, item in by_name.items():
        calls = item["inbound_nodes"]
        for i, call in enumerate(calls if isinstance(calls, list) else ()):
            before = [
                link for link in _links(call, by_name) if link[1] < 0 or link[0] not in starts
            ]
            missing[name, i] = len(before)
            for link in before:
                users.setdefault(link, []).append((name, i))
    ready = [link for link, count in missing.items() if not count]
    done: set[Link] = set()
    while ready:
        name, i = ready.pop()
        made = [(name, i)]
        if _is_network(by_name[name]):  # Keras 2 counts the creation of a network as a call
            made.append((name, i + 1))
        for link in made:
            if link in done:
                continue
            done.add(link)
            for user in users.get(link, ()):
                missing[user] -= 1
                if not missing[user]:
                    ready.append(user)
    return next((name for (name, _), count in missing.items() if count), "")


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
