"""Answers of a device: untrusted, whoever controls it now.

Every answer is decoded here. Its texts have no control characters, since they are shown on the
administrator's terminal, and its values have the types that the agent sends.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from fer_edge.documents import parse_json
from fer_edge.errors import DeployError
from fer_edge.limits import memory_bytes
from fer_edge.schema import SchemaError, decode

T = TypeVar("T")

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROLS_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Without tab and line feed."""


@dataclass(frozen=True, slots=True)
class Found:
    """Answer to find_environment: whether the device has the environment."""

    is_there: bool


@dataclass(frozen=True, slots=True)
class MadeRelease:
    """Answer to make_release: the number of the new release."""

    number: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """Answer to prepare_service: whether the service starts at boot, without a login."""

    lingers: bool


@dataclass(frozen=True, slots=True)
class Switched:
    """Answer to switch and go_back.

    Attributes:
        wrong: Problem of the new release; empty for none.
        number: Number of the current release; None for none.
        way: How it was activated.
        tried: Error of a reload that became a restart; empty for none.
        again: After a problem, the problem of the earlier release too; empty for none.
    """

    wrong: str
    number: int | None
    way: Literal["restart", "reload", "link"]
    tried: str
    again: str

    @property
    def fallback(self) -> str:
        """What runs after a problem, in words."""
        if self.number is None:
            return "no release runs"
        if self.again:
            return f"release {self.number} does not run either ({self.again})"
        return f"release {self.number} runs again"


@dataclass(frozen=True, slots=True)
class OlderSwitch(Switched):
    """A switch that an earlier deployment did not confirm; `before` is the release before it."""

    before: int | None


@dataclass(frozen=True, slots=True)
class Begun:
    """Answer to begin: the switch that was confirmed or rolled back; None for none."""

    settled: OlderSwitch | None


@dataclass(frozen=True, slots=True)
class Text:
    """Answer to logs: lines of the journal."""

    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """Answer to model: content of the file in base64."""

    data: str


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """A finding of `fer-edge doctor`, as in its `--json`."""

    topic: str
    status: Literal["ok", "note", "warning", "problem"]
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """Answer to doctor: its findings."""

    status: str
    findings: tuple[DoctorFinding, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """Answer to self_test: the lines of `fer-edge run`, which `self_test.readings` checks."""

    lines: list  # type: ignore[type-arg]


def as_kind(kind: type[T], answer: object, host: str, which: str) -> T:
    """Check the types of an answer.

    Raises:
        DeployError: It is not of that kind.
    """
    try:
        return decode(kind, answer)
    except SchemaError as error:
        raise unreadable(host, which, str(error)) from error


def parse_answer(data: str | bytes, host: str, which: str, *, has_lines: bool = False) -> Any:
    """Parse JSON of a device; control characters of its texts become question marks.

    Args:
        data: The answer.
        host: Name of the device, for messages.
        which: The step that it answers, for messages.
        has_lines: Whether its texts may have several lines, as logs do.

    Raises:
        DeployError: It is not JSON, too large, nested too deeply, or has an impossible number.
    """
    try:
        found = parse_json(data, most_bytes=memory_bytes())  # the longest answer contains a model
    except SchemaError as error:
        raise unreadable(host, which, str(error)) from error
    return _without(_CONTROLS_IN_LINES if has_lines else _CONTROLS, found)


def unreadable(host: str, which: str, reason: str) -> DeployError:
    """Return the error for an answer that is not the agent's."""
    return DeployError(
        f"{host}: it sent an answer {which} that cannot be read: {reason}; check that it is "
        "your device"
    )


def _without(controls: re.Pattern[str], value: Any) -> Any:
    if isinstance(value, str):
        return controls.sub("?", value)
    if isinstance(value, list):
        return [_without(controls, item) for item in value]
    if isinstance(value, dict):
        return {_without(controls, key): _without(controls, value[key]) for key in value}
    return value
