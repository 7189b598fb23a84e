"""The wall clock in results, and what tells two starts of the program apart."""

import os
from datetime import datetime, timezone


def utc_text(unix_s: float) -> str:
    """Write a moment as RFC 3339 has it, in UTC with milliseconds: 2026-11-25T18:30:00.123Z.

    Args:
        unix_s: Seconds since 1970.
    """
    moment = datetime.fromtimestamp(unix_s, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_run() -> str:
    """Return eight hexadecimal digits, drawn by chance."""
    return os.urandom(4).hex()
