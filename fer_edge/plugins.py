"""Parts that are found by their name: ours, and those that other installed packages bring.

Each kind of part is a group of entry points (https://packaging.python.org, "Entry points"). Ours
are registered in pyproject.toml in the same groups. They are found by reading one file; other
packages are asked only for a name that is not ours, or for all names: that reads a file of each.
"""

import importlib
import logging
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge import __version__
from fer_edge.errors import FerEdgeError, PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DETECTORS = "fer_edge.detectors"
SOURCES = "fer_edge.sources"
SINKS = "fer_edge.sinks"
ARCHITECTURES = "fer_edge.architectures"
EDGE_TARGETS = "fer_edge.edge_targets"

_OWN = "fer-edge"

log = logging.getLogger(__name__)


def names(group: str) -> tuple[str, ...]:
    """Return the names of all parts of a kind, ours first, then those of other packages."""
    return (*_own(group), *foreign_names(group))


def own_names(group: str) -> tuple[str, ...]:
    """Return the names of our parts of a kind, without looking at other packages."""
    return tuple(_own(group))


def foreign_names(group: str) -> tuple[str, ...]:
    """Return the names of other packages' parts of a kind."""
    return tuple(sorted(_foreign(group)))


def is_name(group: str, name: str) -> bool:
    """Return whether there is a part of this kind and name."""
    return name in _own(group) or name in _foreign(group)


def unknown(group: str, name: str) -> PluginError:
    """Return what to say of a name that does not exist: the nearest ones, and all that do."""
    import difflib

    known = names(group)
    near = difflib.get_close_matches(name, known, n=2)
    advice = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return PluginError(
        f"{_kind(group)} {name!r} does not exist; expected one of {', '.join(known)}{advice}"
    )


def load(group: str, name: str) -> Any:
    """Import a part.

    Args:
        group: One of the groups above.
        name: As it is registered.

    Returns:
        What the entry point names; see CONTRIBUTING.md for what that is in each group.

    Raises:
        PluginError: The name does not exist, or another package's part cannot be imported.
    """
    own = _own(group).get(name)
    if own is not None:
        module, _, attribute = own.partition(":")
        return getattr(importlib.import_module(module), attribute)
    entry = _foreign(group).get(name)
    if entry is None:
        raise unknown(group, name)
    try:
        return entry.load()
    except FerEdgeError:
        raise
    except Exception as error:  # a module of another's making raises what it likes
        raise _broken(group, entry, "cannot be imported", error) from error


def open_part(group: str, name: str, *arguments: object, methods: Iterable[str]) -> Any:
    """Import a part and call it.

    Args:
        group: One of the groups above.
        name: As it is registered.
        arguments: What parts of this kind are called with.
        methods: What the result must have.

    Raises:
        PluginError: The name does not exist; another package's part cannot be imported, raises what
            is not a `FerEdgeError`, or gives something else.
    """
    opener = load(group, name)
    if name in _own(group):
        return opener(*arguments)
    entry = _foreign(group)[name]
    try:
        part = opener(*arguments)
    except FerEdgeError:
        raise
    except Exception as error:
        raise _broken(group, entry, "cannot be opened", error) from error
    if any(isinstance(part, type) or not hasattr(part, method) for method in methods):
        raise PluginError(
            f"{_said(group, entry)} gave {type(part).__name__}, expected an object with "
            f"{', '.join(methods)}; update the package, or ask its authors"
        )
    return part


def _broken(group: str, entry: "EntryPoint", what: str, error: Exception) -> PluginError:
    log.info("%s:", _said(group, entry), exc_info=error)  # --verbose shows where
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return PluginError(
        f"{_said(group, entry)} {what}: {reason}; update or uninstall the package, or ask its "
        "authors"
    )


def _said(group: str, entry: "EntryPoint") -> str:
    return f"{_kind(group)} {entry.name!r} of the package {_package(entry)}"


def _kind(group: str) -> str:
    """Return what one part of a group is called: fer_edge.edge_targets -> edge target."""
    return group.rpartition(".")[2].removesuffix("s").replace("_", " ")


def _package(entry: "EntryPoint") -> str:
    return "?" if entry.dist is None else entry.dist.metadata["Name"]


@cache
def _own(group: str) -> dict[str, str]:
    """Return our parts of a kind: name -> module:attribute."""
    found = _own_groups().get(group, {})
    if not found:
        raise PluginError(
            f"the installed {_OWN} registers no {_kind(group)}: its metadata is missing, or older "
            "than its code; install it anew (in a checkout: pip install --editable .)"
        )
    return found


@cache
def _own_groups() -> dict[str, dict[str, str]]:
    """Read our own list of parts; importlib.metadata would take 20 ms only to be imported."""
    for folder in sys.path:
        path = Path(folder) / f"fer_edge-{__version__}.dist-info" / "entry_points.txt"
        if path.is_file():
            return _parse(path.read_text("utf-8"))
    from importlib import metadata  # for what is installed in another way than as a folder

    groups: dict[str, dict[str, str]] = {}
    try:
        for entry in metadata.distribution(_OWN).entry_points:
            groups.setdefault(entry.group, {})[entry.name] = entry.value
    except metadata.PackageNotFoundError:
        pass
    return groups


def _parse(text: str) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line.strip("[]")
        elif line:
            name, _, value = line.partition("=")
            groups.setdefault(group, {})[name.strip()] = value.strip()
    return groups


@cache
def _foreign(group: str) -> "dict[str, EntryPoint]":
    """Find the parts of other packages; one that has a taken name is passed over with a warning."""
    from importlib import metadata

    found: dict[str, EntryPoint] = {}
    for distribution in metadata.distributions():
        try:
            entries = distribution.entry_points.select(group=group)
            if not entries or _is_own(distribution.metadata["Name"]):
                continue
        except Exception as error:  # a damaged file of a package that nobody asked for
            log.info("entry points of %s cannot be read: %s", distribution, error)
            continue
        for entry in entries:
            if entry.name in _own(group):
                log.warning("%s is not used: %s has one of that name", _said(group, entry), _OWN)
            elif (first := found.setdefault(entry.name, entry)) != entry:
                said, taken = _said(group, entry), _package(first)
                log.warning("%s is not used: %s has one of that name", said, taken)
    return found


def _is_own(name: str) -> bool:
    return re.sub(r"[-_.]+", "-", name).lower() == _OWN
