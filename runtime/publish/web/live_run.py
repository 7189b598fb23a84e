"""Current content of the web page: the newest frame, from the reader to any number of viewers.

The reader stores its newest result and continues. Viewers take the newest result when they are
ready, so a slow viewer skips frames. A frame is encoded once for all viewers, in a separate thread,
at a limited rate, and only if a viewer waits for it.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...detection.shrinking import shrink
from ...drawing.palette import UNCERTAIN_BGR, colors_bgr
from ...recognition.result import UNCERTAIN, Result
from ...timing.frame_seconds import FrameSeconds
from ..standing import Standing
from .history import MAX_FACES, History, Second, Throughput, face_numbers
from .totals import RunTotals

Draw = Callable[[Result], NDArray[np.uint8]]
"""From a result to its picture: uint8, (height, width, 3), BGR."""

_LONG_SIDE_PX = 960
_JPEG_QUALITY = 80
_MAX_CARDS = 24


@dataclass(frozen=True, slots=True)
class Seen:
    """A result, and its number since the start, from 1."""

    number: int
    result: Result


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded frame without the frame itself, which disconnected viewers would keep for a while.

    Attributes:
        number: Number of its result.
        jpeg: Bytes of the JPEG file.
        overlay: Boxes of its faces in fractions of its size, as JSON.
    """

    number: int
    jpeg: bytes
    overlay: str


class LiveRun:
    """The newest result and the history; written by the reader's thread, read by the server's.

    Attributes:
        standing: Function that returns the state of the source.
        totals: Counters since the start.
    """

    def __init__(self, standing: Callable[[], Standing], seconds: FrameSeconds) -> None:
        self.standing = standing
        self.totals = RunTotals(seconds)
        self._lock = threading.Lock()
        self._history = History(time.monotonic())
        self._seen: Seen | None = None
        self._waiting: list[asyncio.Future[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started_s = time.monotonic()
        self._arrived_s = self._started_s
        self._labels: tuple[str, ...] = ()
        self._over = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self._over.is_set()

    @property
    def number(self) -> int:
        """Number of the newest result; 0 before the first."""
        with self._lock:
            return self._seen.number if self._seen else 0

    @property
    def silent_s(self) -> float:
        """Seconds since the newest frame, or since the start."""
        return time.monotonic() - self._arrived_s

    def offer(self, result: Result) -> None:
        """Store the newest result; called by the reader, and never waits for a viewer."""
        now_s = time.monotonic()
        with self._lock:
            number = self._seen.number + 1 if self._seen else 1
            self._seen, self._arrived_s = Seen(number, result), now_s
            self._history.add(result, now_s)
            self.totals.add(result)
            if result.faces:
                self._labels = tuple(result.faces[0].probabilities)
            waiting, self._waiting = self._waiting, []
        if waiting and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_wake, waiting)

    def end(self) -> None:
        """Release all viewers; called in the server's thread."""
        self._over.set()
        with self._lock:
            waiting, self._waiting = self._waiting, []
        _wake(waiting)

    async def pause(self, duration_s: float) -> None:
        """Sleep, but not beyond the end of the run."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._over.wait(), duration_s)

    async def newer(self, number: int) -> Seen | None:
        """Wait for a result after a number; None when the run has ended.

        A number higher than the newest one is from an earlier run, and returns the newest result.
        """
        while not self.ended:
            with self._lock:
                if self._seen is not None and self._seen.number != number:
                    return self._seen
                self._loop = asyncio.get_running_loop()
                woken = self._loop.create_future()
                self._waiting.append(woken)
            try:
                await woken
            finally:
                with self._lock:
                    if woken in self._waiting:  # the viewer has disconnected
                        self._waiting.remove(woken)
        return None

    def record(self) -> dict[str, Any]:
        """Return the newest frame as in a JSON line, with rate and latency under `live`."""
        now_s = time.monotonic()
        with self._lock:
            seen, throughput = self._seen, self._history.throughput(now_s)
        frame = seen.result.to_dict() if seen else {}
        return frame | {"live": self._as_numbers(seen, throughput, now_s - self._started_s)}

    def event(self) -> dict[str, Any]:
        """Return the content of the page next to the picture, as plain data for JSON."""
        now_s = time.monotonic()
        with self._lock:
            seen, throughput = self._seen, self._history.throughput(now_s)
            second, labels = self._history.second(now_s), self._labels
        numbers = self._as_numbers(seen, throughput, now_s - self._started_s) | {"second": second}
        if seen is None:
            return numbers
        faces = seen.result.faces
        cards = [
            {
                "face": number,
                "label": face.label,
                "probability": round(face.probability, 3),
                "scores": [round(value, 3) for value in face.probabilities.values()],
            }
            for number, face in zip(face_numbers(faces), faces, strict=True)
        ]
        return numbers | {
            "source": seen.result.frame.name,
            "labels": labels,
            "colors": _css_colors(labels),
            "faces": cards[:_MAX_CARDS],
            "faces_in_all": len(faces),
        }

    def past(self, second: int) -> dict[str, Any]:
        """Return the timeline from a second on, as plain data for JSON."""
        with self._lock:
            seconds = self._history.since(second)
        return {
            "span_s": self._history.span_s,
            "most_faces": MAX_FACES,
            "seconds": [_as_row(item) for item in seconds],
        }

    def _as_numbers(
        self, seen: Seen | None, throughput: Throughput, uptime_s: float
    ) -> dict[str, Any]:
        stages = {name.removesuffix("_ms"): ms for name, ms in asdict(throughput.stages).items()}
        return {
            "camera": self.standing(),
            "frames": seen.number if seen else 0,
            "dropped": seen.result.dropped if seen else 0,
            "uptime_s": round(uptime_s, 1),
            "rate_hz": round(throughput.rate_hz, 2),
            "latency_ms": {
                "median": round(throughput.median_ms, 2),
                "p95": round(throughput.p95_ms, 2),
            },
            "stages_mean_ms": {name: round(ms, 2) for name, ms in stages.items()},
            "window_frames": throughput.frames,
        }


class PictureFeed:
    """Encodes the newest frame for waiting viewers."""

    def __init__(self, live: LiveRun, draw: Draw, worker: ThreadPoolExecutor, *, rate_hz: float):
        self._live = live
        self._draw = draw
        self._worker = worker
        self._interval_s = 1 / rate_hz
        self._latest: Picture | None = None
        self._next_s = 0.0  # until then, the latest picture is recent
        self._work: asyncio.Task[None] | None = None

    async def newer(self, number: int) -> Picture | None:
        """Wait for a picture other than that of a number; None when the run has ended.

        It is of the newest frame, or not older than the interval of pictures.
        """
        picture = self._recent()
        while not self._live.ended:
            if picture is not None and picture.number != number:
                return picture
            if self._work is None or self._work.done():
                self._work = asyncio.create_task(self._encode())
            await asyncio.shield(self._work)  # another viewer may be waiting for it, too
            picture = self._latest  # even if encoding took longer than the interval
        return None

    def _recent(self) -> Picture | None:
        """Return the latest picture, unless it is from a time when others were viewing."""
        latest = self._latest
        is_old = latest is None or latest.number != self._live.number
        return None if is_old and time.monotonic() >= self._next_s else latest

    async def _encode(self) -> None:
        await self._live.pause(self._next_s - time.monotonic())
        seen = await self._live.newer(self._latest.number if self._latest else 0)
        if seen is None:
            self._latest = None
            return
        started_s = time.monotonic()
        loop = asyncio.get_running_loop()
        self._latest = await loop.run_in_executor(self._worker, self._picture, seen)
        self._next_s = started_s + self._interval_s  # not earlier: it is the picture's age

    def _picture(self, seen: Seen) -> Picture:
        return Picture(seen.number, _as_jpeg(self._draw(seen.result)), as_json(_overlay(seen)))


def _overlay(seen: Seen) -> dict[str, Any]:
    height, width = seen.result.frame.shape[:2]
    faces = seen.result.faces[:_MAX_CARDS]
    return {
        "number": seen.number,
        "faces": [
            {
                "face": number,
                "label": face.label,
                "box": [
                    round(edge / size, 4)
                    for edge, size in zip(face.box.edges, 2 * (width, height), strict=True)
                ],
            }
            for number, face in zip(face_numbers(faces), faces, strict=True)
        ],
    }


def as_json(value: object) -> str:
    """Return compact JSON in ASCII, without a line break."""
    return json.dumps(value, separators=(",", ":"))


def _wake(waiting: list[asyncio.Future[None]]) -> None:
    for woken in waiting:
        if not woken.done():
            woken.set_result(None)


def _css_colors(labels: tuple[str, ...]) -> dict[str, str]:
    colors = {UNCERTAIN: UNCERTAIN_BGR} | colors_bgr(labels)
    return {label: "#{2:02x}{1:02x}{0:02x}".format(*color) for label, color in colors.items()}


def _as_row(second: Second) -> list[Any]:
    moments = [[item.face, item.label, round(item.probability, 2)] for item in second.moments]
    return [second.number, moments]


def _as_jpeg(image: NDArray[np.uint8]) -> bytes:
    shown = shrink(image, _LONG_SIDE_PX)
    return cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
