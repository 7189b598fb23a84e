"""Parts that are found by name: fer-edge's own, and those of other installed packages.

Each kind of part is a group of entry points (https://packaging.python.org, "Entry points").
fer-edge's own parts are registered in pyproject.toml in the same groups and are found by reading
one file; other packages are searched only for unknown names or for a list of all names, which reads
one file per package.
"""

import importlib
import inspect
import logging
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
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
_FAILED = "failed"
_ACTING = ("write", "close")
"""Methods that act and return when they are called: a generator does nothing until it is read."""
_SOURCE_NAME = re.compile(r"[a-z][a-z0-9+.-]*")
_SOURCE_NAME_RULE = (
    "expected a name of lower-case letters, digits, '+', '-' and '.', since it is also the scheme "
    "of addresses"
)

log = logging.getLogger(__name__)


def names(group: str) -> tuple[str, ...]:
    """Return the names of all parts of a kind, fer-edge's own first."""
    return (*_own(group), *foreign_names(group))


def own_names(group: str) -> tuple[str, ...]:
    """Return the names of fer-edge's own parts of a kind, without searching other packages."""
    return tuple(_own(group))


def foreign_names(group: str) -> tuple[str, ...]:
    """Return the names of other packages' parts of a kind."""
    return tuple(sorted(_foreign(group)))


def is_name(group: str, name: str) -> bool:
    """Return whether a part of this kind and name exists."""
    return name in _own(group) or name in _foreign(group)


def unknown(group: str, name: str) -> PluginError:
    """Return the error for an unknown name: the nearest names, and all names."""
    import difflib

    known = names(group)
    near = difflib.get_close_matches(str(name), known, n=2)
    advice = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return PluginError(
        f"{_kind(group)} {name!r} does not exist; expected one of {', '.join(known)}{advice}"
    )


def load(group: str, name: str) -> Any:
    """Import a part.

    Args:
        group: One of the groups above.
        name: Registered name.

    Returns:
        The object of the entry point; CONTRIBUTING.md describes it for each group.

    Raises:
        PluginError: The name is unknown, or a part of another package cannot be imported.
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
    except Exception as error:  # a foreign module can raise anything
        raise _broken(group, entry, "cannot be imported", error) from error


def open_part(
    group: str,
    name: str,
    *arguments: object,
    members: Sequence[str],
    attributes: Sequence[str] = (),
    is_function: bool = False,
    may_raise: tuple[type[Exception], ...] = (),
    faults: tuple[type[FerEdgeError], ...] = (),
) -> Any:
    """Import a part and call it.

    A part of another package is returned in a form whose exceptions name the package: those of its
    methods, its iteration, and the iterators that it returns.

    Args:
        group: One of the groups above.
        name: Registered name.
        arguments: Arguments for parts of this kind.
        members: Methods that the result must have.
        attributes: Attributes that it must have.
        is_function: Whether a function is accepted instead.
        may_raise: Exceptions that a part of this kind may raise, besides `FerEdgeError`.
        faults: Errors of fer-edge's classes that a package uses, which are faults of the package.

    Raises:
        PluginError: The name is unknown; or a part of another package cannot be imported, raises
            something else, or returns something else.
    """
    opener = load(group, name)
    if name in _own(group):
        return opener(*arguments)
    guard = _Guard(group, name, (FerEdgeError, MemoryError, *may_raise), faults)
    part = guard.call("cannot be opened", opener, *arguments)
    if not isinstance(part, type):
        has_methods = all(callable(guard.get(part, member, None)) for member in members)
        if has_methods and all(guard.has(part, attribute) for attribute in attributes):
            return _GuardedPart(part, guard)
        if is_function and callable(part):
            return partial(guard.call, _FAILED, part)
    expected = f"an object with {', '.join((*members, *attributes))}"
    raise PluginError(
        f"{describe(group, name)} returned {type(part).__name__}, expected "
        f"{'a function, or ' if is_function else ''}{expected}; update the package, or ask its "
        "authors"
    )


def describe(group: str, name: str) -> str:
    """Return the kind and the name of a part, and its package if it is not fer-edge."""
    entry = None if name in _own(group) else _foreign(group).get(name)
    return f"{_kind(group)} {name!r}" if entry is None else _said(group, entry)


class _Guard:
    """Runs the code of another package, and reports its exceptions as faults of the package."""

    def __init__(
        self,
        group: str,
        name: str,
        allowed: tuple[type[Exception], ...],
        faults: tuple[type[FerEdgeError], ...],
    ) -> None:
        self._group, self._entry = group, _foreign(group)[name]
        self._allowed, self._faults = allowed, faults

    def call(
        self, what: str, function: Callable[..., Any], *arguments: object, **options: object
    ) -> Any:
        """Call a function of the package; an iterator that it returns is guarded, too."""
        result = self._result(what, function, *arguments, **options)
        return self._each(result) if isinstance(result, Iterator) else result

    def act(self, function: Callable[..., Any], *arguments: object, **options: object) -> Any:
        """Call a function that acts when it is called, and reject a generator."""
        result = self._result(_FAILED, function, *arguments, **options)
        if inspect.isgenerator(result):
            raise self._not_plain(function)
        return result

    def _result(
        self, what: str, function: Callable[..., Any], *arguments: object, **options: object
    ) -> Any:
        with self._guarding(what):
            result = function(*arguments, **options)
        if isinstance(result, Awaitable | AsyncIterator):
            close = getattr(result, "close", None)
            if callable(close):  # otherwise Python warns that it was not awaited
                close()
            raise self._not_plain(function)
        return result

    def get(self, part: Any, name: str, *default: object) -> Any:
        """Return an attribute of a part, which may be a property that fails."""
        with self._guarding(f"{_FAILED} ({name})", AttributeError):
            return getattr(part, name, *default)

    def has(self, part: Any, name: str) -> bool:
        """Return whether a part has an attribute."""
        with self._guarding(f"{_FAILED} ({name})"):
            return hasattr(part, name)

    def _each(self, items: Iterator[Any]) -> Iterator[Any]:
        with self._guarding(_FAILED):
            yield from items

    @contextmanager
    def _guarding(self, what: str, *also: type[Exception]) -> Iterator[None]:
        try:
            yield
        except self._faults as error:
            raise _broken(self._group, self._entry, what, error) from error
        except (*self._allowed, *also):
            raise
        except Exception as error:  # foreign code can raise anything
            raise _broken(self._group, self._entry, what, error) from error

    def _not_plain(self, function: Callable[..., Any]) -> PluginError:
        name = getattr(function, "__name__", "it")
        error = TypeError(f"{name} is asynchronous or a generator, expected a plain function")
        return _broken(self._group, self._entry, _FAILED, error)


class _GuardedPart:
    """A part of another package with the same attributes and methods; its exceptions are guarded.

    Attributes that a part need not have are looked up in it as well.
    """

    def __init__(self, part: Any, guard: _Guard) -> None:
        self._part, self._guard = part, guard

    def __getattr__(self, name: str) -> Any:
        value = self._guard.get(self._part, name)
        if not callable(value):
            return value
        if name in _ACTING:
            return partial(self._guard.act, value)
        return partial(self._guard.call, _FAILED, value)

    def __iter__(self) -> Iterator[Any]:
        iterator: Iterator[Any] = self._guard.call(_FAILED, iter, self._part)
        return iterator


def _broken(group: str, entry: "EntryPoint", what: str, error: Exception) -> PluginError:
    log.info("%s:", _said(group, entry), exc_info=error)  # --verbose shows the traceback
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, FerEdgeError):
        reason = str(error)
    return PluginError(
        f"{_said(group, entry)} {what}: {reason}; update or uninstall the package, or ask its "
        "authors"
    )


def _said(group: str, entry: "EntryPoint") -> str:
    return f"{_kind(group)} {entry.name!r} of the package {_package(entry)}"


def _kind(group: str) -> str:
    """Return the singular name of a group: fer_edge.edge_targets -> edge target."""
    return group.rpartition(".")[2].removesuffix("s").replace("_", " ")


def _package(entry: "EntryPoint") -> str:
    return "?" if entry.dist is None else entry.dist.metadata["Name"]


@cache
def _own(group: str) -> dict[str, str]:
    """Return fer-edge's own parts of a kind: name -> module:attribute."""
    found = _own_groups().get(group, {})
    if not found:
        raise PluginError(
            f"the installed {_OWN} does not register any {_kind(group)}: its metadata is "
            "missing, or older than its code; reinstall it (in a checkout: pip install "
            "--editable .)"
        )
    return found


@cache
def _own_groups() -> dict[str, dict[str, str]]:
    """Read fer-edge's own list of parts; importing importlib.metadata would take 20 ms."""
    for folder in sys.path:
        path = Path(folder) / f"fer_edge-{__version__}.dist-info" / "entry_points.txt"
        if path.is_file():
            return _parse(path.read_text("utf-8"))
    from importlib import metadata  # for a package that is not installed as a folder

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
    """Find the parts of other packages; one with a taken name is skipped with a warning."""
    from importlib import metadata

    found: dict[str, EntryPoint] = {}
    for distribution in metadata.distributions():
        try:
            entries = distribution.entry_points.select(group=group)
            if not entries or _is_own(distribution.metadata["Name"]):
                continue
        except Exception as error:  # a damaged file of an unrelated package
            log.info("entry points of %s cannot be read: %s", distribution, error)
            continue
        for entry in entries:
            if group == SOURCES and not _SOURCE_NAME.fullmatch(entry.name):
                log.warning("%s is not used: %s", _said(group, entry), _SOURCE_NAME_RULE)
            elif entry.name in _own(group):
                log.warning("%s is not used: %s has one of that name", _said(group, entry), _OWN)
            elif (first := found.setdefault(entry.name, entry)) != entry:
                said, taken = _said(group, entry), _package(first)
                log.warning("%s is not used: %s has one of that name", said, taken)
    return found


def _is_own(name: str) -> bool:
    return re.sub(r"[-_.]+", "-", name).lower() == _OWN
