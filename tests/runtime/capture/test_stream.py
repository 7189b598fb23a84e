"""Streams: a real RTSP server that is killed and restarted, and Motion JPEG over HTTP."""

import gc
import http.server
import json
import logging
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from fer_edge.errors import SourceError
from fer_edge.runtime.capture.live import Live
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.capture.stream import StreamCapture
from tests.support.clear_line import assert_one_clear_line
from tests.support.stream_servers import PATIENCE_S, SYSTEM_PYTHON, MotionJpeg, RtspServer


@pytest.fixture
def rtsp() -> Iterator[RtspServer]:
    check = (
        "import gi; gi.require_version('GstRtspServer', '1.0');"
        "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
        "assert all(map(Gst.ElementFactory.find, ['x264enc', 'rtph264pay']))"
    )
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True, check=False).returncode
    ):
        pytest.skip("GStreamer's RTSP server is missing (tests/debian-packages.txt)")
    server = RtspServer()
    yield server
    server.kill()


@pytest.fixture
def nothing_leaks() -> Iterator[None]:
    """Assert that the test leaves no file descriptor and no thread behind."""

    def count() -> tuple[int, set[threading.Thread]]:
        return len(list(Path("/proc/self/fd").iterdir())), set(threading.enumerate())

    with pytest.raises(SourceError):  # FFmpeg keeps some files open after the first use
        open_source("rtsp://127.0.0.1:1/none")
    gc.collect()  # videos that earlier tests did not close
    before = count()
    yield
    deadline = time.monotonic() + PATIENCE_S
    while count() != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert count() == before


def test_a_rtsp_stream_that_dies_is_read_again_when_it_is_back(
    rtsp: RtspServer, tmp_path: Path
) -> None:
    lines = tmp_path / "errors.txt"
    command = [
        *(sys.executable, "-u", "-m", "fer_edge"),
        *("run", "--input", rtsp.url, "--detector", "none"),
    ]
    with (
        lines.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as run,
    ):
        assert run.stdout is not None
        try:
            records = [json.loads(run.stdout.readline()) for _ in range(20)]
            rtsp.kill()
            # frames on their way still arrive; the reader reports the loss when no more come
            deadline = time.monotonic() + PATIENCE_S
            while "trying again" not in lines.read_text() and time.monotonic() < deadline:
                time.sleep(0.05)
            rtsp.start()
            while " is back after " not in lines.read_text() and time.monotonic() < deadline:
                records.append(json.loads(run.stdout.readline()))
            records += [json.loads(run.stdout.readline()) for _ in range(5)]
            rtsp.process.send_signal(signal.SIGSTOP)  # the last read blocks while the run ends
        finally:
            stopped = time.monotonic()
            run.send_signal(signal.SIGINT)
            rest, _ = run.communicate(timeout=PATIENCE_S)
    assert time.monotonic() - stopped < 4.5, "the run waited for the read's timeout of 5 s"
    records += [json.loads(line) for line in rest.splitlines()]
    shown = f"rtsp://127.0.0.1:{rtsp.port}/camera"
    assert {record["source"] for record in records} == {shown}
    for key in ("frame", "time_s"):
        values = [record[key] for record in records]
        assert values == sorted(set(values))
    assert [record["frame"] for record in records] == [
        before + record["dropped"] for before, record in enumerate(records)
    ]
    (run_id,) = {record["run"] for record in records}
    assert re.fullmatch("[0-9a-f]{8}", run_id)
    moments = [datetime.fromisoformat(record["time"].replace("Z", "+00:00")) for record in records]
    assert moments == sorted(moments)
    assert abs((moments[-1] - datetime.now(timezone.utc)).total_seconds()) < 3600
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", r["time"]) for r in records)
    said = lines.read_text().splitlines()
    assert len(said) == 2, said
    assert re.fullmatch(
        rf"fer-edge: WARNING: {shown} (was interrupted|stalled).*; trying .*", said[0]
    )
    assert re.fullmatch(rf"fer-edge: WARNING: {shown} is back after \d+ s", said[1])
    assert run.returncode == 0


@pytest.mark.usefixtures("nothing_leaks")
def test_close_ends_a_stalled_rtsp_stream_soon(rtsp: RtspServer) -> None:
    source = Live(StreamCapture(rtsp.url, read_timeout_s=4))
    frames = iter(source)
    assert next(frames).image.shape == (120, 160, 3)
    rtsp.process.send_signal(signal.SIGSTOP)
    closer = threading.Timer(0.5, source.close)
    closer.start()
    started = time.monotonic()
    for _ in frames:  # only close() ends this loop
        pass
    source.close()
    assert time.monotonic() - started < 3.5, "close() waited for the read's timeout of 4 s"
    closer.join()


@pytest.mark.usefixtures("nothing_leaks")
def test_motion_jpeg_over_http_is_a_live_source(serve: Callable[..., str]) -> None:
    source = open_source(serve(MotionJpeg) + "/video?key=secret")
    assert (source.is_live, source.is_video, source.length) == (True, True, None)
    seen: list[int] = []
    first = None
    for frame in source:
        assert frame.image.shape == (48, 64, 3)
        shade = int(frame.image[5, 5, 0])
        first = shade if first is None else first  # frames before the first one are not counted
        off = (shade - first - frame.index) % 200
        assert min(off, 200 - off) <= 3
        assert frame.index == len(seen) + source.dropped, "the index counts dropped frames, too"
        seen.append(frame.index)
        time.sleep(0.05)  # slower than the stream
        if len(seen) == 20:
            break
    assert source.dropped >= 20
    assert frame.name == re.sub(r"\?.*", "", frame.name)
    source.close()


def test_a_stream_that_stalls_within_a_frame_is_opened_again(
    serve: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "fer_edge")
    url = serve(MotionJpeg, frames=30)
    source = Live(StreamCapture(url, read_timeout_s=0.5))
    for frame in source:
        if frame.index >= 40:  # a frame of the second connection
            break
    source.close()
    assert re.search(r"stalled: no frame for \d+ s; trying again until it is back", caplog.text)
    assert "is back after" in caplog.text


def test_a_server_that_never_answers_is_one_line(
    monkeypatch: pytest.MonkeyPatch, fer_edge: Callable[..., Result]
) -> None:
    def impatient(url: str, **options: Any) -> StreamCapture:
        return StreamCapture(url, open_timeout_s=0.3, **options)

    monkeypatch.setattr("fer_edge.runtime.capture.stream.StreamCapture", impatient)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        for scheme in ("rtsp", "http"):
            url = f"{scheme}://anna:secret@127.0.0.1:{mute.getsockname()[1]}/x"
            result = fer_edge("run", "--input", url)
            assert_one_clear_line(result, "cannot be opened: no answer in", f"{scheme}://127.")
            assert "secret" not in result.stderr


def test_a_stream_that_is_no_video_is_one_line(
    serve: Callable[..., str], fer_edge: Callable[..., Result]
) -> None:
    class Text(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<p>welcome</p>" * 99)

        def log_message(self, format: str, *args: object) -> None:
            pass

    assert_one_clear_line(fer_edge("run", "--input", serve(Text)), "cannot be opened", "H.264")


def test_a_recorded_video_on_a_web_server_is_not_a_live_stream(
    serve: Callable[..., str], clip: Path, fer_edge: Callable[..., Result]
) -> None:
    class Film(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(clip.stat().st_size))
            self.end_headers()
            self.wfile.write(clip.read_bytes())

        def log_message(self, format: str, *args: object) -> None:
            pass

    result = fer_edge("run", "--input", serve(Film) + "/clip.avi")
    assert_one_clear_line(result, "is a recorded video of 2 s", "download it")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("film.ts", ("-t", "1", "-c:v", "mpeg2video")),
        ("film.mjpeg", ("-t", "1")),
        ("snapshot.jpg", ("-frames:v", "1")),
    ],
)
def test_other_files_on_a_web_server_are_not_live_either(
    serve: Callable[..., str],
    tmp_path: Path,
    fer_edge: Callable[..., Result],
    name: str,
    options: tuple[str, ...],
) -> None:
    path = tmp_path / name
    source = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25")
    subprocess.run(["ffmpeg", "-v", "error", *source, *options, str(path)], check=True)

    class Folder(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, format: str, *args: object) -> None:
            pass

    # FFmpeg knows schemes in lower case only
    address = serve(Folder).replace("http", "HTTP")
    result = fer_edge("run", "--input", f"{address}/{name}")
    assert_one_clear_line(result, "is a file of", "not a live stream", "download it")


def test_a_frame_that_comes_with_the_timeout_is_an_old_one() -> None:
    capture = StreamCapture("rtsp://host/a", read_timeout_s=0.1)

    def late() -> Iterator[object]:
        time.sleep(0.15)
        yield object()  # FFmpeg's parser still held it

    capture._packets = late()
    with pytest.raises(SourceError, match="rtsp://host/a stalled: no frame for 0 s"):
        capture.read()


def test_python_ends_while_an_opening_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        script = (
            "import threading, time\n"
            "from fer_edge.runtime.capture.live import Live\n"
            "from fer_edge.runtime.capture.stream import StreamCapture\n"
            f"capture = StreamCapture('rtsp://127.0.0.1:{mute.getsockname()[1]}/x')\n"
            "threading.Thread(target=Live, args=(capture,), daemon=True).start()\n"
            "time.sleep(0.5)\n"
        )
        started = time.monotonic()
        ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert time.monotonic() - started < 9, "the exit waited for the timeout of 10 s"


def test_rtsp_goes_over_tcp_unless_asked_otherwise(rtsp: RtspServer) -> None:
    for options in ({}, {"rtsp_transport": "udp"}):
        capture = StreamCapture(rtsp.url, options=options)
        capture.open()
        assert capture.read().shape == (120, 160, 3)
        assert capture._container.options["rtsp_transport"] == options.get("rtsp_transport", "tcp")
        capture.close()


def _serve_by_ffmpeg(clip: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """Send a clip in a loop at its frame rate, like a camera."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is missing (tests/debian-packages.txt)")
    source = ("-re", "-stream_loop", "-1", "-i", str(clip))
    return subprocess.Popen(["ffmpeg", "-v", "quiet", "-nostdin", *source, *arguments])


@pytest.mark.parametrize(
    ("scheme", "encoding", "target"),
    [
        ("udp", ("-c:v", "mpeg2video", "-f", "mpegts"), "udp://127.0.0.1:{port}?pkt_size=1316"),
        ("tcp", ("-c:v", "mpeg2video", "-f", "mpegts"), "tcp://127.0.0.1:{port}?listen=1"),
        ("rtmp", ("-c:v", "flv1", "-f", "flv"), "rtmp://127.0.0.1:{port}/live"),
    ],
)
def test_other_protocols_are_live_sources(
    clip: Path, scheme: str, encoding: tuple[str, ...], target: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    target = target.format(port=port)
    arguments = ("-g", "4", "-pix_fmt", "yuv420p", *encoding)
    if scheme == "rtmp":
        arguments = (*arguments, "-listen", "1")
    path = "/live" if scheme == "rtmp" else ""
    sender = _serve_by_ffmpeg(clip, *arguments, target)
    try:
        source = open_source(f"{scheme}://127.0.0.1:{port}{path}", on_loss="wait")
        times = []
        for frame in source:
            assert frame.image.shape == (120, 160, 3)
            times.append(frame.time_s)
            if len(times) == 6:
                break
        source.close()
    finally:
        sender.kill()
        sender.wait()
    assert times == sorted(set(times))
    assert frame.name == f"{scheme}://127.0.0.1:{port}{path}"


def test_srt_without_support_in_pyav_is_one_line(fer_edge: Callable[..., Result]) -> None:
    result = fer_edge("run", "--input", "srt://127.0.0.1:1")
    assert_one_clear_line(result, "srt://127.0.0.1:1 cannot be opened")
