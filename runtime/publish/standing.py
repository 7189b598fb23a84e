"""State of a source: what outputs report while no frames arrive."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..capture.frame import Source

Standing = Literal["online", "offline", "paused"]


def standing(source: "Source") -> Standing:
    """Return online, offline if a live source waits for its camera, or paused."""
    if getattr(source, "is_paused", False):
        return "paused"
    return "offline" if getattr(source, "is_lost", False) else "online"
