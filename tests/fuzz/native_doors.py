"""Doors that run C code: pictures, videos, models, HTTP. They run in child processes only."""

import io
import socket
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fer_edge.inference.model import open_model
from fer_edge.model.bundled import bundled_models
from fer_edge.model.card import ModelCard
from fer_edge.model.file import pack_model, read_model
from fer_edge.pictures.picture import decode_picture
from fer_edge.runtime.capture.video import Video
from tests.fuzz.door import Door
from tests.fuzz.mutations import of_bytes
from tests.support.made_pictures import encode

_VIDEOS = ("mp4", "mkv", "avi", "ts", "gif")


def _pictures() -> list[bytes]:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8))
    kinds = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM", "GIF", "JPEG2000", "AVIF", "HEIF")
    return [encode(image, kind) for kind in kinds]


def _videos() -> list[bytes]:
    return [_video(suffix) for suffix in _VIDEOS]


def _video(suffix: str) -> bytes:
    import av

    codec = {"avi": "mjpeg", "gif": "gif", "ts": "mpeg2video"}.get(suffix, "libx264")
    pixels = {"mjpeg": "yuvj420p", "gif": "rgb8"}.get(codec, "yuv420p")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip.{suffix}"
        with av.open(str(path), "w") as made:
            stream = made.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
            for number in range(10):
                image = np.full((48, 64, 3), number * 20, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=pixels)
                made.mux(stream.encode(frame))
            made.mux(stream.encode())
        return path.read_bytes()


def _read_video(data: bytes, folder: Path) -> None:
    path = folder / "clip"
    path.write_bytes(data)
    video = Video(path)
    try:
        for count, _ in enumerate(video):
            if count > 200:
                break
    finally:
        video.close()


def _right_digest(data: bytes, folder: Path) -> None:
    """Pack a network with a correct digest, open it and run it, as `fer-edge run` would."""
    path = folder / "m.tflite"
    path.write_bytes(pack_model(data, _tiny_card()))
    with open_model(path) as model:
        model.probabilities(np.zeros(model.input_shape, np.uint8))


@cache
def _tiny_card() -> ModelCard:
    return read_model(bundled_models()["tiny"]).card


@cache
def _page() -> Any:
    from fer_edge.runtime.publish.web.address import WebAddress
    from fer_edge.runtime.publish.web.page import WebPage

    return WebPage(WebAddress("127.0.0.1", 0), token="a-token-of-the-fuzzer")


def _request(data: bytes, folder: Path) -> None:
    """Send a request to the page: it must answer with 2xx or 4xx, or hang up, and keep running."""
    page = _page()
    with socket.create_connection(("127.0.0.1", page.address.port), timeout=5) as line:
        line.sendall(data + b"\r\n\r\n")
        line.shutdown(socket.SHUT_WR)
        answer = io.BytesIO()
        try:
            while (part := line.recv(65536)) and answer.tell() < 1 << 20:
                answer.write(part)
        except (TimeoutError, ConnectionError):
            return
    head = answer.getvalue()[:12]
    if head and not head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4")):
        raise AssertionError(f"the page answered {head!r}")
    if not page._thread.is_alive():
        raise AssertionError("the page has ended")


_REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close",
    b"GET /api/state HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-token-of-the-fuzzer",
    b"GET /?token=a-token-of-the-fuzzer HTTP/1.1\r\nHost: x\r\nCookie: fer_edge_80=abc",
    b"HEAD /stream.mjpg HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-token-of-the-fuzzer",
    b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
)

NATIVE_DOORS = (
    Door(
        "pictures",
        _pictures,
        of_bytes(b"\xff\xd8", b"IHDR"),
        lambda data, _: decode_picture(data, "x"),
        True,
        400,
    ),
    Door("videos", _videos, of_bytes(b"moov", b"mdat", b"\x1aE\xdf\xa3"), _read_video, True, 150),
    Door(
        "model",
        lambda: [read_model(bundled_models()["tiny"]).flatbuffer],
        of_bytes(),
        _right_digest,
        True,
        8,
    ),
    Door(
        "http",
        lambda: list(_REQUESTS),
        of_bytes(b"\r\n", b": ", b"%", b"\x80", b"Transfer-Encoding: chunked\r\n"),
        _request,
        True,
        200,
    ),
)
