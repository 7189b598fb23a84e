"""Whether the layers of a configuration can be joined: Keras tries for ever if they cannot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fer_edge.errors import ModelError

from .config_safety import walk

Link = tuple[str, int]
"""A layer's name, and which of its calls."""


def check_links(root: object, path: Path) -> None:
    """Check that each call of a layer follows from calls before it.

    Raises:
        ModelError: A layer waits for a call that never comes, or a link is not one.
    """
    for node in walk(root, path):
        layers = node.get("layers")
        if not isinstance(layers, list):
            continue
        known = [item for item in layers if isinstance(item, dict) and "inbound_nodes" in item]
        stuck = _first_stuck(known)
        if stuck:
            raise ModelError(
                f"{path} is damaged: the inputs of its layer {stuck[:80]} do not come from layers "
                "before it"
            )


def _first_stuck(layers: list[dict[str, Any]]) -> str:
    starts = {str(item.get("name")) for item in layers if item.get("class_name") == "InputLayer"}
    names = {str(item.get("name")) for item in layers}
    waiting: dict[Link, list[Link]] = {}
    for item in layers:
        calls = item["inbound_nodes"]
        for i, call in enumerate(calls if isinstance(calls, list) else ()):
            waiting[str(item.get("name")), i] = list(_links(call, names))
    done: set[Link] = set()
    while waiting:
        ready = [
            link
            for link, before in waiting.items()
            if all(name in starts or (name, i) in done for name, i in before)
        ]
        if not ready:
            return next(iter(waiting))[0]
        done.update(ready)
        for link in ready:
            del waiting[link]
    return ""


def _links(call: object, names: set[str]) -> Iterator[Link]:
    """Give what a call refers to, as Keras 3 (`keras_history`) or Keras 2 (lists) writes it."""
    stack = [call]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            if len(value) >= 3 and isinstance(value[0], str) and value[0] in names:
                # what is not a number never comes
                yield value[0], value[1] if type(value[1]) is int else -1
            stack += value
