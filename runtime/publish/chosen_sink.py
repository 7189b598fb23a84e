"""An output in the form of --sink, NAME=PLACE: fer-edge's own, or another package's."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge import plugins
from fer_edge.cli.needs import Needs, reaching_address
from fer_edge.cli.option_fields import is_path, moved_to
from fer_edge.errors import ConfigError
from fer_edge.files import own_descriptor
from fer_edge.shown import without_password

from .mqtt.config import MqttConfig
from .web.config import WebConfig


def _needs_of_address(place: str) -> Needs:
    return reaching_address(place) if "://" in place else Needs()


def _needs_of_web(place: str) -> Needs:
    return WebConfig(address=place).needs()


def _needs_of_mqtt(place: str) -> Needs:
    return MqttConfig(url=place).needs()


@dataclass(frozen=True, slots=True)
class _Place:
    """What the place of a sink can be.

    Attributes:
        is_path: Whether a place without :// is a path.
        is_file: Whether a path is always a file; otherwise one without a suffix is a folder.
        can_print: Whether - is standard output.
        is_optional: Whether the sink works without a place.
        suffixes: What the name of a file must end in; empty for any.
        needs: Function from a place that is not a path to the system resources that it needs;
            raises `ConfigError` for an invalid address.
    """

    is_path: bool = True
    is_file: bool = False
    can_print: bool = False
    is_optional: bool = False
    suffixes: tuple[str, ...] = ()
    needs: Callable[[str], Needs] = _needs_of_address


_PLACES = {
    "jsonl": _Place(is_file=True, can_print=True),
    "csv": _Place(is_file=True, can_print=True),
    "annotate": _Place(),
    "video": _Place(is_file=True, suffixes=(".mp4", ".avi", ".mkv")),
    "gif": _Place(is_file=True, suffixes=(".gif",)),
    "window": _Place(is_path=False, is_optional=True),
    "summary": _Place(is_file=True, is_optional=True),  # its - is standard error
    "web": _Place(is_path=False, needs=_needs_of_web),
    "mqtt": _Place(is_path=False, needs=_needs_of_mqtt),
}
"""The place of each of fer-edge's own sinks."""

_FOREIGN_PLACE = _Place(can_print=True, is_optional=True)
"""The place of another package's sink."""


@dataclass(frozen=True, slots=True)
class ChosenSink:
    """An output by name.

    Attributes:
        name: Registered name in `fer_edge.sinks`.
        place: A path, an address with ://, or - for standard output; empty for none.
        option: Option of the user, for messages.
    """

    name: str
    place: str
    option: str

    @property
    def path(self) -> Path | None:
        """The file or folder that it writes, if any."""
        is_written = self.place and is_path(self.place) and self._kind.is_path
        return Path(self.place) if is_written else None

    @property
    def folder(self) -> Path | None:
        """The folder that must be writable for it, if any."""
        path = None if self.prints else self.path
        if path is None or path.is_dir():
            return path
        return path.parent if self._kind.is_file or path.suffix else path

    @property
    def prints(self) -> bool:
        """Whether it writes to standard output: its place is - or /dev/stdout."""
        is_stdout = self.place == "-" or own_descriptor(Path(self.place)) == 1
        return is_stdout and self._kind.can_print

    @property
    def lacks_place(self) -> bool:
        """Whether it needs a place, but has none."""
        return not self.place and not self._kind.is_optional

    @property
    def _kind(self) -> _Place:
        is_own = self.name in plugins.own_names(plugins.SINKS)
        return _PLACES[self.name] if is_own else _FOREIGN_PLACE

    def check(self) -> None:
        """Reject a place that its output cannot use.

        Raises:
            ConfigError: A file has another suffix, or an address is invalid.
        """
        kind = self._kind
        if self.path is None:
            self.needs()  # parses an address
        if self.place and kind.suffixes and Path(self.place).suffix.lower() not in kind.suffixes:
            *others, last = kind.suffixes
            ends = f"{', '.join(others)} or {last}" if others else last
            advice = "; for a video use --video" if self.name == "gif" else ""
            raise ConfigError(
                f"{self.option} {self.place}: expected a name that ends in {ends}{advice}"
            )

    def needs(self) -> Needs:
        """Return the system resources that it needs, without standard output."""
        if self.folder is not None:
            return Needs(writes=(self.folder,))
        return self._kind.needs(self.place) if self.place else Needs()

    @property
    def is_secret(self) -> bool:
        """Whether its place contains a password or a key."""
        return "://" in self.place and without_password(self.place) != self.place

    @property
    def text(self) -> str:
        """The value for --sink."""
        return f"{self.name}={self.place}" if self.place else self.name

    def based_at(self, folder: Path) -> "ChosenSink":
        """Return it with a relative path resolved against a folder."""
        return self if self.path is None else replace(self, place=moved_to(folder, self.place))


def parse_sink(text: str) -> ChosenSink:
    """Parse values of --sink.

    Raises:
        ConfigError: The name of a sink is unknown.
    """
    name, _, place = text.partition("=")
    if not plugins.is_name(plugins.SINKS, name):
        raise ConfigError(f"--sink: expected NAME=PLACE; {plugins.unknown(plugins.SINKS, name)}")
    return ChosenSink(name, place, f"--sink {name}")


def variables(sinks: Sequence[ChosenSink]) -> list[str]:
    """Return the environment variable for the place of each sink."""
    names = [re.sub(r"\W", "_", sink.name, flags=re.ASCII).upper() for sink in sinks]
    counts = [names[: at + 1].count(name) for at, name in enumerate(names)]
    return [
        f"FER_EDGE_SINK_{name}" + (f"_{count}" if count > 1 else "")
        for name, count in zip(names, counts, strict=True)
    ]


def completed(
    sinks: Sequence[ChosenSink], environment: Mapping[str, str]
) -> tuple[ChosenSink, ...]:
    """Return the sinks; those without a place get it from the environment, if it is set."""
    return tuple(
        sink if sink.place else replace(sink, place=environment.get(variable, ""))
        for sink, variable in zip(sinks, variables(sinks), strict=True)
    )
