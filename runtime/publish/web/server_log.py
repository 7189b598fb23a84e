"""The log of the web server: an error takes one line, as everywhere in fer-edge."""

import logging
from typing import Any

_OWN = logging.getLogger("fer_edge")
_LOGGERS = ("uvicorn.error", "asyncio")
SERVER_THREAD = "fer-edge-web"


def shorten_errors() -> None:
    """Log an exception in the server's thread without its traceback, unless details are logged.

    A viewer can repeat the request that causes it, and each traceback takes dozens of lines.
    """
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_in_one_line)


def _cause(error: BaseException | None) -> BaseException | None:
    """Return the only exception of a group, in which older versions of Starlette wrap it."""
    while len(getattr(error, "exceptions", ())) == 1:
        group: Any = error
        error = group.exceptions[0]
    return error


def _in_one_line(record: logging.LogRecord) -> bool:
    error = _cause(record.exc_info[1] if record.exc_info else None)
    is_ours = record.threadName == SERVER_THREAD  # another part of the program may use asyncio
    if error is not None and is_ours and not _OWN.isEnabledFor(logging.DEBUG):
        text = f"{record.getMessage().strip()} ({type(error).__name__}: {error})"
        record.msg = f"web page: {' '.join(text.split())}; -vv logs its traceback"
        record.args = record.exc_info = record.exc_text = None
    return True
