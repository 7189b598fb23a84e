"""Wall-clock times in results, and identifiers of runs."""

import os
from datetime import datetime, timezone


def utc_text(unix_s: float) -> str:
    """Format a time as in RFC 3339, in UTC with milliseconds: 2026-11-25T18:30:00.123Z.

    Args:
        unix_s: Seconds since 1970.
    """
    moment = datetime.fromtimestamp(unix_s, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_run() -> str:
    """Return eight random hexadecimal digits."""
    return os.urandom(4).hex()
