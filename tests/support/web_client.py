"""Live page for a test, and functions that send requests to it."""

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.publish.web import app
from fer_edge.runtime.publish.web.address import WebAddress
from fer_edge.runtime.publish.web.page import WebPage
from fer_edge.runtime.recognition.result import Face, Probabilities, Result
from fer_edge.runtime.timing.stopwatch import StageTimes

TOKEN = "correct-horse-battery"
LABELS = ("sad", "happy", "fröhlich")
STATIC = Path(app.__file__).parent / "static"
PAGE = ("/", *(f"/{file.name}" for file in STATIC.iterdir() if file.suffix in (".css", ".js")))
PATHS = (
    *(*PAGE, "/icon.svg", "/favicon.ico"),
    *("/healthz", "/api/state", "/api/events", "/frame.jpg", "/stream.mjpg", "/metrics"),
)
Answer = tuple[int, dict[str, str], bytes]


def make_face(
    track: int | None = 1, label: str = "happy", labels: tuple[str, ...] = LABELS
) -> Face:
    scores = tuple(0.8 if label == name else 0.1 for name in labels)
    return Face(label, Probabilities(labels, scores), Box(16, 12, 32, 36), 0.9, track)


def result(
    number: int = 0,
    faces: Sequence[Face] = (),
    image: NDArray[np.uint8] | None = None,
    source: str = "camera 0",
) -> Result:
    if image is None:
        image = np.full((48, 64, 3), 10 + number % 200, np.uint8)
    return Result(
        Frame(image, number, number / 25, source),
        tuple(faces),
        StageTimes(detect_ms=3.0, classify_ms=1.0),
        dropped=2,
    )


def served(**options: Any) -> AbstractContextManager[WebPage]:
    return served_at(WebAddress("127.0.0.1", 0), **options)


@contextmanager
def served_at(address: WebAddress, **options: Any) -> Iterator[WebPage]:
    page = WebPage(address, **options)
    try:
        yield page
    finally:
        page.close(complete=True)


@contextmanager
def asked(page: WebPage, path: str, headers: dict[str, str] | None = None) -> Iterator[Any]:
    """Request a path; yield the response, whose body is not read yet."""
    with closing(http.client.HTTPConnection("127.0.0.1", page.address.port, timeout=5)) as line:
        line.request("GET", path, headers=headers or {})
        yield line.getresponse()


def get(page: WebPage, path: str, headers: dict[str, str] | None = None) -> Answer:
    with asked(page, path, headers) as answer:
        is_stream = path in ("/api/events", "/stream.mjpg") and answer.status == 200
        body = answer.read1(100) if is_stream else answer.read()
        return answer.status, {key.lower(): value for key, value in answer.headers.items()}, body


def next_event(answer: Any, wanted: str) -> dict[str, Any]:
    """Read server-sent events until one has the expected name; return its data."""
    while True:
        name = answer.readline().decode().removeprefix("event: ").strip()
        data: dict[str, Any] = json.loads(answer.readline().decode().removeprefix("data: "))
        assert answer.readline() == b"\n"
        if name == wanted:
            return data
