import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import pytest

from fer_edge.errors import ConfigError, SourceError
from fer_edge.runtime.capture.raw_frames import PIXEL_FORMATS, RawFrames

BGR = np.zeros((4, 6, 3), np.uint8)
BGR[:, :2], BGR[:, 2:4], BGR[:, 4:] = (200, 0, 0), (0, 200, 0), (0, 0, 200)
YUV = cv2.cvtColor(BGR, cv2.COLOR_BGR2YUV_I420)


def encoded(pixel_format: str) -> bytes:
    """Return the picture's bytes in a pixel format; OpenCV cannot convert to NV12 and YUYV."""
    luma, u, v = YUV[:4], YUV[4].reshape(2, 3), YUV[5].reshape(2, 3)
    if pixel_format == "nv12":
        return luma.tobytes() + np.stack([u, v], axis=2).tobytes()
    if pixel_format == "yuyv422":
        rows = [u.repeat(2, 0), v.repeat(2, 0)]
        return np.stack([luma[:, ::2], rows[0], luma[:, 1::2], rows[1]], axis=2).tobytes()
    return {
        "bgr24": BGR,
        "rgb24": BGR[:, :, ::-1],
        "bgra": np.dstack([BGR, np.full((4, 6), 7, np.uint8)]),
        "gray": cv2.cvtColor(BGR, cv2.COLOR_BGR2GRAY),
        "yuv420p": YUV,
    }[pixel_format].tobytes()


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """A pipe: the end to read from, and the end to write to."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb", buffering=0) as sender:
        yield reader, sender


def source_of(reader: BinaryIO, **options: Any) -> RawFrames:
    return RawFrames(reader, **{"size": (6, 4), "pixel_format": "bgr24", **options})


@pytest.mark.parametrize("pixel_format", PIXEL_FORMATS)
def test_every_format_comes_out_as_bgr(pipe: tuple[BinaryIO, BinaryIO], pixel_format: str) -> None:
    reader, sender = pipe
    sender.write(2 * encoded(pixel_format))
    sender.close()
    source = source_of(reader, pixel_format=pixel_format, rate_hz=4)
    frames = list(source)
    source.close()
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0.0), (1, 0.25)]
    expected = BGR
    if pixel_format == "gray":
        expected = cv2.cvtColor(cv2.cvtColor(BGR, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    for frame in frames:
        assert (frame.image.shape, frame.image.dtype) == ((4, 6, 3), np.uint8)
        assert np.abs(frame.image.astype(int) - expected).max() <= 4  # rounding of YUV
    assert frames[0].image is not frames[1].image


def test_frames_in_any_pieces_are_put_together_and_none_is_dropped(
    pipe: tuple[BinaryIO, BinaryIO],
) -> None:
    reader, sender = pipe

    def send() -> None:
        data = b"".join(bytes([number]) * BGR.size for number in range(200))
        for at in range(0, len(data), 50):
            sender.write(data[at : at + 50])
        sender.close()

    thread = threading.Thread(target=send)
    thread.start()
    source = source_of(reader)
    assert [int(frame.image[3, 5, 2]) for frame in source] == list(range(200))
    thread.join()
    assert (source.dropped, source.is_live) == (0, False)
    source.close()


def test_an_end_within_a_frame_is_told_and_the_whole_frames_count(
    pipe: tuple[BinaryIO, BinaryIO], caplog: pytest.LogCaptureFixture
) -> None:
    reader, sender = pipe
    sender.write(bytes(BGR.size + 10))
    sender.close()
    source = source_of(reader)
    assert len(list(source)) == 1
    source.close()
    assert caplog.messages == [
        "standard input ended within frame 1: got 10 of the 72 bytes of a frame"
    ]


@pytest.mark.parametrize("sent", [0, 71])
def test_no_whole_frame_is_an_error(pipe: tuple[BinaryIO, BinaryIO], sent: int) -> None:
    reader, sender = pipe
    sender.write(bytes(sent))
    sender.close()
    source = source_of(reader)
    with pytest.raises(SourceError, match=rf"ended after {sent} of the 72 bytes.*--size"):
        list(source)
    source.close()


@pytest.mark.parametrize(
    ("pixel_format", "size"), [("yuv420p", (5, 4)), ("nv12", (6, 3)), ("yuyv422", (5, 3))]
)
def test_odd_sizes_of_formats_with_halved_color_are_refused(
    pipe: tuple[BinaryIO, BinaryIO], pixel_format: str, size: tuple[int, int]
) -> None:
    with pytest.raises(ConfigError, match="even width and height"):
        source_of(pipe[0], pixel_format=pixel_format, size=size)


def test_close_ends_a_reader_that_waits_and_leaves_no_descriptor(
    pipe: tuple[BinaryIO, BinaryIO],
) -> None:
    reader, sender = pipe
    before = len(list(Path("/proc/self/fd").iterdir()))
    for is_read in (True, False):
        source = source_of(reader)
        if is_read:
            sender.write(bytes(BGR.size + 10))  # the second frame never becomes complete
            threading.Timer(0.05, source.close).start()
            assert len(list(source)) == 1
        source.close()
        source.close()
        assert list(source) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_terminal_is_no_pipe() -> None:
    terminal, other = os.openpty()
    with (
        os.fdopen(terminal, "rb", buffering=0),
        os.fdopen(other, "rb", buffering=0) as stream,
        pytest.raises(SourceError, match="is a terminal; expected raw frames"),
    ):
        source_of(stream)


def test_run_reads_raw_frames_from_its_standard_input(tmp_path: Path) -> None:
    lines = tmp_path / "lines.jsonl"
    command = [
        *(sys.executable, "-m", "fer_edge"),
        *("run", "--input", "-", "--size", "64x48", "--pixel-format", "gray", "--fps", "10"),
        *("--detector", "none", "--jsonl", str(lines)),
    ]
    done = subprocess.run(command, input=bytes(3 * 64 * 48), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert lines.read_text().count('"source": "standard input"') == 3
    assert '"time_s": 0.2' in lines.read_text()
