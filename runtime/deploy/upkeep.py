"""Commands for devices with releases: status, log, rollback, removal."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from fer_edge.errors import DeployError, FerEdgeError
from fer_edge.shown import masked

from .answers import Begun, Switched, Text
from .connection import Connection
from .deployment import who
from .outcome import Outcome, reason
from .situation import Situation, read_situation

Connect = Callable[[str], Connection]


@dataclass(frozen=True, slots=True)
class Status:
    """State of a device.

    Attributes:
        host: Name for display.
        address: Name for ssh.
        situation: None if it cannot be reached.
        error: Reason if it cannot be reached.
    """

    host: str
    address: str
    situation: Situation | None
    error: str = ""

    @property
    def is_well(self) -> bool:
        """Whether it has a release, and its service, if any, is running."""
        if self.situation is None or self.situation.release is None:
            return False
        service = self.situation.service
        return not self.situation.release.has_service or (service is not None and service.is_well)

    def describe(self) -> list[str]:
        """Format it as lines of text."""
        if self.situation is None:
            return [f"{self.host}: {self.error}"]
        lines = [f"{self.host}: {self.situation.facts.describe()}"]
        for release in self.situation.releases:
            mark = "*" if release.number == self.situation.current else " "
            lines.append(
                f"  {mark} release {release.number}  {release.made}  {release.model.name}  "
                f"fer-edge {release.fer_edge}  by {release.by}"
            )
        if not self.situation.releases:
            lines.append("    nothing is deployed there")
        if self.situation.other_place:
            kind = "without" if self.situation.facts.is_system else "with"
            place = self.situation.other_place
            lines.append(f"    a service of that name was deployed {kind} --system to {place}")
        if self.situation.open_switch is not None:
            lines.append("    its last switch was not confirmed; deploy again")
        service = self.situation.service
        if service is not None and service.state:
            again = f", restarted {service.restarts} times" if service.restarts else ""
            lines.append(f"    service {service.state}{again}: {service.status or 'silent'}")
        return lines


@dataclass(frozen=True, slots=True)
class Log:
    """Latest log of a device's service.

    Attributes:
        host: Name for display.
        address: Name for ssh.
        lines: Lines, the oldest first.
        error: Reason if it cannot be read.
    """

    host: str
    address: str
    lines: tuple[str, ...]
    error: str = ""


Kind = TypeVar("Kind", Status, Log)


def status_of(host: str, connect: Connect) -> Status:
    """Inspect a device; errors are part of the result."""
    try:
        with connect(host) as connection:
            return Status(host, host, read_situation(host, connection.ask("look")))
    except FerEdgeError as error:
        return Status(host, host, None, reason(error, host))


def log_of(host: str, connect: Connect, lines: int) -> Log:
    """Read the latest log lines of a device's service; errors are part of the result."""
    try:
        with connect(host) as connection:
            text = connection.ask_for(Text, "logs", lines=lines).text
    except FerEdgeError as error:
        return Log(host, host, (), reason(error, host))
    return Log(host, host, tuple(map(masked, text.splitlines())))


def what_is_wrong(host: str, connect: Connect) -> str:
    """Return the problem of a device with a deployment; empty for none."""
    status = status_of(host, connect)
    if status.situation is None:
        return status.error
    service = status.situation.service
    if service is not None and service.restarts:
        return f"its service was restarted {service.restarts} times"
    return "" if status.is_well else "its service is not running"


def roll_back(host: str, connect: Connect) -> Outcome:
    """Switch a device to the previous release."""

    def work(connection: Connection) -> Outcome:
        settled = connection.ask_for(Begun, "begin", holder=who()).settled
        if settled is not None and settled.wrong:  # it went back already
            text = f"the last switch was not confirmed ({settled.wrong}); {settled.fallback}"
            return Outcome(host, "rolled back", settled.number, 0.0, text)
        done = connection.ask_for(Switched, "go_back")
        if done.wrong:
            text = (
                f"the previous release was not healthy ({done.wrong}), and is kept; {done.fallback}"
            )
            return Outcome(host, "rolled back", done.number, 0.0, text)
        return Outcome(host, "deployed", done.number, 0.0, "the previous release runs again")

    return _outcome_of(host, connect, work)


def remove(host: str, connect: Connect) -> Outcome:
    """Remove everything that deployments created from a device."""

    def work(connection: Connection) -> Outcome:
        connection.ask("begin", holder=who())
        connection.ask("remove")
        return Outcome(host, "removed", None, 0.0, "all releases and the service were removed")

    return _outcome_of(host, connect, work)


def _outcome_of(host: str, connect: Connect, work: Callable[[Connection], Outcome]) -> Outcome:
    started = time.monotonic()
    try:
        with connect(host) as connection:
            outcome = work(connection)
    except DeployError as error:
        outcome = Outcome(host, "failed", None, 0.0, reason(error, host))
    return replace(outcome, seconds=time.monotonic() - started)
