"""State of a source: what outputs report while no frames arrive."""

import logging
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ..capture.frame import Source

Standing = Literal["online", "offline", "paused"]

log = logging.getLogger(__name__)

_reported: set[tuple[int, str]] = set()
"""Sources and attributes that failed: outputs ask several times a second."""


def standing(source: "Source") -> Standing:
    """Return online, offline if a live source waits for its camera, or paused.

    It is called in threads that must not end: an attribute that fails is logged once, and the
    source counts as one without it, which is alive only while its frames arrive.
    """
    if _is_true(source, "is_paused"):
        return "paused"
    return "offline" if _is_true(source, "is_lost") else "online"


def _is_true(source: "Source", name: str) -> bool:
    try:
        return bool(getattr(source, name, False))
    except Exception as error:  # of another package, or of the program's own source
        if (id(source), name) not in _reported:
            _reported.add((id(source), name))
            log.error("the source's %s failed: %s", name, error)
            log.info("%s:", name, exc_info=error)
        return False
