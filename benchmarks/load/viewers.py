"""Viewers that behave like the page's script: they read events, and one picture after another."""

import contextlib
import http.client
import json
import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

_PROCESSES = 4


@dataclass(slots=True)
class Viewer:
    """A viewer of the page.

    Attributes:
        page: Address of the page.
        pictures: Number of pictures so far.
        events: Number of events so far.
        fault: Error message, or empty.
    """

    page: str
    pictures: int = 0
    events: int = 0
    fault: str = ""

    def look(self, until_s: float) -> list[threading.Thread]:
        """View the page until a time of the monotonic clock; return its two started threads."""
        threads = [
            threading.Thread(target=self._guarded, args=(look, until_s))
            for look in (self._take_pictures, self._hear_events)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _guarded(self, look: Callable[[float], None], until_s: float) -> None:
        try:
            look(until_s)
        except (OSError, http.client.HTTPException) as error:
            self.fault = f"{type(error).__name__}: {error}"

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.page)
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)

    def _take_pictures(self, until_s: float) -> None:
        number = 0
        with contextlib.closing(self._connection()) as line:
            while time.monotonic() < until_s:
                line.request("GET", f"/frame.jpg?after={number}")
                answer = line.getresponse()
                body = answer.read()
                if answer.status == 200 and body.startswith(b"\xff\xd8"):
                    self.pictures += 1
                    number = json.loads(answer.headers["Fer-Edge-Overlay"])["number"]
                elif answer.status != 204:
                    self.fault = f"status {answer.status}"
                    return

    def _hear_events(self, until_s: float) -> None:
        with contextlib.closing(self._connection()) as line:
            line.request("GET", "/api/events")
            answer = line.getresponse()
            while time.monotonic() < until_s:
                if answer.readline().startswith(b"event: now"):
                    self.events += 1


def watch(page: str, count: int, seconds: float) -> list[Viewer]:
    """Open a page in many viewers at once, divided among four processes; return the viewers."""
    shares = [len(range(count)[start::_PROCESSES]) for start in range(_PROCESSES)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(_PROCESSES, mp_context=context) as pool:
        parts = [pool.submit(_watch, page, share, seconds) for share in shares if share]
        return [viewer for part in parts for viewer in part.result()]


def _watch(page: str, count: int, seconds: float) -> list[Viewer]:
    until_s = time.monotonic() + seconds
    viewers = [Viewer(page) for _ in range(count)]
    threads = [thread for viewer in viewers for thread in viewer.look(until_s)]
    for thread in threads:
        thread.join()
    return viewers
