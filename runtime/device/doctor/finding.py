"""A finding of the doctor."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "note", "warning", "problem"]

RANKING: tuple[Status, ...] = ("ok", "note", "warning", "problem")
"""From good to bad. A problem prevents fer-edge from working."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding, in one line.

    Attributes:
        topic: What was checked, in one or two words.
        status: ok; note: useful to know; warning: slower or less reliable than possible; problem:
            fer-edge does not work.
        text: The finding.
        advice: What to do; empty only for ok.
    """

    topic: str
    status: Status
    text: str
    advice: str = ""
