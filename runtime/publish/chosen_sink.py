"""An output in the form of --sink, NAME=PLACE: fer-edge's own, or another package's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge import plugins
from fer_edge.cli.option_fields import is_path
from fer_edge.errors import ConfigError
from fer_edge.shown import without_password

_NO_FILE = ("window", "web", "mqtt")
_NETWORK = ("web", "mqtt")
_NO_STDOUT = ("annotate", "video", "gif", "summary")
_NO_PLACE = ("window", "summary")
_FILES = ("jsonl", "csv", "video", "gif", "summary")


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
        is_file = self.place and is_path(self.place) and self.name not in _NO_FILE
        return Path(self.place) if is_file else None

    @property
    def folder(self) -> Path | None:
        """The folder that must be writable for it, if any."""
        path = self.path
        if path is None or (self.name in _FILES and not path.is_dir()):
            return None if path is None else path.parent
        return path if path.is_dir() or not path.suffix else path.parent

    @property
    def prints(self) -> bool:
        """Whether it writes to standard output; the summary's - is standard error."""
        return self.place == "-" and self.name not in _NO_STDOUT

    @property
    def lacks_place(self) -> bool:
        """Whether it is one of fer-edge's sinks that needs a place, but has none."""
        is_own = self.name in plugins.own_names(plugins.SINKS)
        return is_own and not self.place and self.name not in _NO_PLACE

    @property
    def is_network(self) -> bool:
        """Whether it uses the network."""
        return "://" in self.place or self.name in _NETWORK

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
        return self if self.path is None else replace(self, place=str(folder / self.path))


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
