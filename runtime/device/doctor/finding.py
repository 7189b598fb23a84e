"""One thing that the doctor found."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "note", "warning", "problem"]

RANKING: tuple[Status, ...] = ("ok", "note", "warning", "problem")
"""From good to bad. A problem is what stops fer-edge from working."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in one line.

    Attributes:
        topic: What was looked at, in one or two words.
        status: ok; note: worth knowing; warning: slower or less reliable than it could be; problem:
            fer-edge does not work.
        text: What was found.
        advice: What to do; empty only for ok.
    """

    topic: str
    status: Status
    text: str
    advice: str = ""
