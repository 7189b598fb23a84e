"""The arrays of an HDF5 file: how many bytes they declare, and whether they lie in it."""

from pathlib import Path
from typing import Any

_LAYERS, _WEIGHTS, _TOP = "layer_names", "weight_names", "top_level_model_weights"
"""Attributes and group of Keras 2: a layer's arrays are loaded as often as they are listed."""


def check_arrays(path: Path, most_bytes: int) -> None:
    """Reject arrays that HDF5 would load from other files, or that do not fit into memory.

    Raises:
        ValueError: An array lies elsewhere, or all together, each as often as it is linked or
            listed, declare more than `most_bytes`.
    """
    import h5py

    total = 0
    with h5py.File(path, "r") as file:
        groups, seen = [file["/"]], set()
        while groups:  # h5py's visitor turns exceptions for a damaged file into a SystemError
            group = groups.pop()
            for name in group:
                if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
                    raise ValueError(f"its array {name} lies in another file")
                found = group.get(name)
                if isinstance(found, h5py.Dataset):
                    if found.external or found.is_virtual:
                        raise ValueError(f"its array {name} lies in another file")
                    total += int(found.nbytes)
                elif isinstance(found, h5py.Group):
                    place = h5py.h5o.get_info(found.id).addr
                    groups += [found] if place not in seen else []
                    seen.add(place)  # a group may contain itself
                _check_total(total, most_bytes)
        # only now it is known that no name leads into another file
        for root in (file, file.get("model_weights")):
            if isinstance(root, h5py.Group):
                _check_total(_listed_bytes(root), most_bytes)


def _check_total(total: int, most_bytes: int) -> None:
    if total > most_bytes:
        raise ValueError(
            f"its arrays declare more than {most_bytes / 1e6:,.0f} MB, which no such network has"
        )


def _listed_bytes(root: Any) -> int:
    sizes: dict[Any, int] = {}
    for name in {*_names(root, _LAYERS), _TOP}:
        group = root.get(name)
        listed = _names(group, _WEIGHTS) if hasattr(group, "attrs") else []
        if listed and hasattr(group, "keys"):
            bytes_of = {
                weight: int(getattr(group.get(weight), "nbytes", 0)) for weight in set(listed)
            }
            sizes[name] = sum(bytes_of[weight] for weight in listed)
    return sum(sizes.get(name, 0) for name in (*_names(root, _LAYERS), _TOP))


def _names(group: Any, attribute: str) -> list[str | bytes]:
    """Return the names in an attribute, which Keras divides into numbered ones if it is long."""
    keys = [attribute] if attribute in group.attrs else []
    while not keys or keys[0] != attribute:
        part = f"{attribute}{len(keys)}"
        if part not in group.attrs:
            break
        keys.append(part)
    values = [value for key in keys for value in _flat(group.attrs[key])]
    return [value for value in values if isinstance(value, str | bytes) and value]


def _flat(value: Any) -> list[Any]:
    return value.ravel().tolist() if hasattr(value, "ravel") else [value]
