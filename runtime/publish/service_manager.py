"""Notifications for systemd (sd_notify(3)): starting, ready, alive, stopping.

Alive means that frames arrive. If the reader hangs, or a stream stalls unnoticed, WATCHDOG=1 is not
sent and systemd restarts the service. A source that has noticed its loss and is reopening its
camera is alive: a restart would not help and would lose state. It reports this with a true
`is_lost`, and a paused source with `is_paused`.

A start, a reload and an end may take long on a slow board (testing a model for the first time,
writing the index of a video). They request more time while they last, up to `LONGEST_S`.

A container has no such manager. There FER_EDGE_HEARTBEAT names a file that is touched every five
seconds while frames arrive, for a health check.
"""

import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..timing.frame_rate import FrameRate
from .standing import Standing, standing

if TYPE_CHECKING:
    from ..capture.frame import Source
    from ..recognition.result import Result

STATUS_S = 5.0
LONGEST_S = 600.0
"""Longest duration of a step of the start, a reload or an end; a longer step counts as hanging."""
_MORE_USEC = 60_000_000
"""Additional time per request; the next request is sent well before it has passed."""
_WAITING = {
    "offline": "source lost after {} frames; waiting for it",
    "paused": "paused after {} frames",
}

log = logging.getLogger(__name__)


class ServiceManager:
    """The service manager that started this process, if any; otherwise nothing is sent."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._source: Source | None = None
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._heartbeat = environment.get("FER_EDGE_HEARTBEAT", "")
        self._watchdog_s = _watchdog_s(environment)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._rate = FrameRate()
        self._frames = 0
        self._reloads = 0
        self._is_stopping = False
        self._status_s = float("-inf")
        self._busy_until_s = float("-inf")

    def __enter__(self) -> "ServiceManager":
        if self._address or self._heartbeat:
            self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def starting(self, step: str) -> None:
        """Report the step of the start; more time is requested until the first frame."""
        self._begin()
        self.notify(f"STATUS=starting: {step}\nEXTEND_TIMEOUT_USEC={_MORE_USEC}")

    def reads(self, source: "Source") -> None:
        """Report that the start is complete except for the first frame of a source."""
        self._source = source
        self.starting("waiting for the first frame")

    def frame_read(self, result: "Result") -> None:
        """Send READY=1 after the first frame, and the status every five seconds."""
        self._frames += 1
        if not (self._address or self._heartbeat):
            return
        now_s = time.monotonic()
        self._rate.count(now_s)
        if self._frames == 1:
            self._busy_until_s = float("-inf")
            self.notify("READY=1")
        if now_s - self._status_s >= STATUS_S:
            self._status_s = now_s
            self._beat()
            faces = len(result.faces)
            self.notify(
                f"STATUS={self._rate.hz(now_s):.1f} frames/s, {faces} face{'s' * (faces != 1)}, "
                f"{result.dropped} frames dropped"
            )

    def reloading(self) -> None:
        """Report that the model is being reloaded; `reloaded` must follow."""
        self._begin()
        self.notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def reloaded(self, *, is_new: bool) -> None:
        """Report that the service is ready again, and whether it has the new model."""
        self._reloads += 1
        said = "the model was reloaded" if is_new else "the current model is kept, see the log"
        self._busy_until_s = float("-inf")
        self._status_s = time.monotonic()  # so that this stays visible for a while
        self.notify(f"READY=1\nSTATUS=reload {self._reloads}: {said}")

    def stopping(self) -> None:
        """Report the end of the run; files may take a moment to finish."""
        self._begin()
        self._is_stopping = True
        self.notify("STOPPING=1\nSTATUS=finishing its files")

    def notify(self, text: str) -> None:
        """Send assignments such as "READY=1", one per line; without a manager do nothing."""
        if not self._address:
            return
        import socket

        # an abstract socket's name begins with a zero byte, which a variable cannot contain
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.settimeout(1.0)
                channel.sendto(text.encode(), address)
        except OSError as error:
            log.warning("NOTIFY_SOCKET %s cannot be written: %s", self._address, error)
            self._address = ""  # log once

    def _begin(self) -> None:
        self._busy_until_s = time.monotonic() + LONGEST_S

    def _beat(self) -> None:
        if not self._heartbeat:
            return
        try:
            Path(self._heartbeat).touch()
        except OSError as error:
            log.warning("FER_EDGE_HEARTBEAT %s: %s", self._heartbeat, error.strerror)
            self._heartbeat = ""  # log once

    def _watch(self) -> None:
        interval_s = min(STATUS_S, self._watchdog_s / 2 if self._watchdog_s else STATUS_S)
        seen = 0
        while not self._ended.wait(interval_s):
            source = None if self._is_stopping else self._source
            camera: Standing = "online" if source is None else standing(source)
            waits = camera != "online"
            is_busy = time.monotonic() < self._busy_until_s
            if waits:
                self.notify(f"STATUS={_WAITING[camera].format(self._frames)}")
            if camera == "paused":  # paused on request: the container is healthy
                self._beat()
            if self._is_stopping or not self._frames:  # a waiting start has not failed
                if is_busy or waits:
                    self.notify(f"EXTEND_TIMEOUT_USEC={_MORE_USEC}")
            elif self._watchdog_s and (is_busy or waits or self._frames != seen):
                self.notify("WATCHDOG=1")
            seen = self._frames


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """Return the watchdog's timeout, or None without a watchdog."""
    try:
        if int(environment.get("WATCHDOG_PID", os.getpid())) != os.getpid():
            return None
        return int(environment["WATCHDOG_USEC"]) / 1e6 or None
    except (KeyError, ValueError):
        return None
