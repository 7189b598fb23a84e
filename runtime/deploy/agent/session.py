"""A session on the device: requests until the workstation disconnects."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Any

from .channel import Channel, GoneError, RefusedError
from .place import Place
from .work import Work


def serve(name: str, is_system: bool) -> None:
    """Answer requests.

    Args:
        name: Name of the service, and of the folder of its releases.
        is_system: Whether it is a system service, not the user's.
    """
    if is_system:
        os.umask(0o022)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    channel = Channel()
    work = Work(channel, Place(name, is_system))
    channel.say(result={"python": sys.version.split()[0]})
    try:
        while True:
            request = channel.request()
            if request["do"] == "end":
                break
            channel.say(**_answer(work, request))
    except GoneError:
        pass
    finally:
        work.abandon()
    channel.say(result={})


def _answer(work: Work, request: dict[str, Any]) -> dict[str, Any]:
    step = getattr(work, request.pop("do"))
    try:
        return {"result": step(**request)}
    except RefusedError as error:
        return {"error": str(error)}
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            where = error.filename or "its disk"
            return {"error": f"the device has no space left at {where}; free some space there"}
        where = f"{error.filename}: " if error.filename else ""
        return {"error": f"{where}{error.strerror or error}"}
