import http.client
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import click.testing
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import OutputError
from fer_edge.faces import Box
from fer_edge.runtime import Frame, Reading, Result
from fer_edge.runtime.record import as_record
from fer_edge.runtime.result import StageTimes
from tests.conftest import assert_one_clear_line

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from fer_edge.runtime.web.address import WebAddress, chosen_token, listen, parse_address
from fer_edge.runtime.web.page import WebPage

TOKEN = "correct-horse-battery"
LABELS = ("sad", "happy", "fröhlich")
PATHS = (
    *("/", "/style.css", "/page.js", "/overlay.js", "/timeline.js", "/icon.svg"),
    *("/healthz", "/api/state", "/api/events", "/frame.jpg", "/stream.mjpg"),
)
Answer = tuple[int, dict[str, str], bytes]


def reading(track: int | None = 1, label: str = "happy") -> Reading:
    scores = tuple(0.8 if label == name else 0.1 for name in LABELS)
    return Reading(Box(16, 12, 32, 36), 0.9, LABELS, scores, steady=label, track=track)


def result(
    number: int = 0, readings: Sequence[Reading] = (), image: NDArray[np.uint8] | None = None
) -> Result:
    if image is None:
        image = np.full((48, 64, 3), 10 + number % 200, np.uint8)
    return Result(
        Frame(image, number, number / 25, "camera 0"),
        tuple(readings),
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
    """Ask for a path; the answer's body is still to be read."""
    with closing(http.client.HTTPConnection("127.0.0.1", page.address.port, timeout=5)) as line:
        line.request("GET", path, headers=headers or {})
        yield line.getresponse()


def get(page: WebPage, path: str, headers: dict[str, str] | None = None) -> Answer:
    with asked(page, path, headers) as answer:
        is_stream = path in ("/api/events", "/stream.mjpg") and answer.status == 200
        body = answer.read1(100) if is_stream else answer.read()
        return answer.status, {key.lower(): value for key, value in answer.headers.items()}, body


def next_event(answer: Any, wanted: str) -> dict[str, Any]:
    """Read server-sent events up to one of the wanted name."""
    while True:
        name = answer.readline().decode().removeprefix("event: ").strip()
        data: dict[str, Any] = json.loads(answer.readline().decode().removeprefix("data: "))
        assert answer.readline() == b"\n"
        if name == wanted:
            return data


def test_every_answer_forbids_storing_framing_and_other_sources() -> None:
    with served() as page:
        page.write(result())
        for path in (*PATHS, "/nothing/here"):
            status, headers, body = get(page, path)
            assert status == (404 if path == "/nothing/here" else 200), path
            assert body
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "access-control-allow-origin" not in headers
            assert "server" not in headers


def test_the_page_names_no_other_host() -> None:
    with served() as page:
        for path in ("/", "/style.css", "/page.js", "/overlay.js", "/timeline.js"):
            assert b"//" not in get(page, path)[2].replace(b"// ", b""), path


def test_only_reading_is_possible() -> None:
    with served() as page:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            with closing(http.client.HTTPConnection("127.0.0.1", page.address.port)) as line:
                line.request(method, "/")
                assert line.getresponse().status == 405


def test_the_state_is_a_json_line_with_rate_and_latency() -> None:
    with served() as page:
        assert json.loads(get(page, "/api/state")[2])["live"]["frames"] == 0
        shown = result(7, [reading(), reading(2, "sad")])
        page.write(shown)
        state = json.loads(get(page, "/api/state")[2])
        live = state.pop("live")
        assert state == json.loads(json.dumps(as_record(shown)))
        assert (live["frames"], live["dropped"]) == (1, 2)
        assert live["latency_ms"] == {"median": 4.0, "p95": 4.0}
        assert live["stages_mean_ms"]["detect"] == 3.0


def test_health_is_a_word_or_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as page:
        page.write(result())
        assert get(page, "/healthz")[::2] == (200, b"ok\n")
        monkeypatch.setattr("fer_edge.runtime.web.app._SILENCE_S", 0.01)
        time.sleep(0.05)
        assert get(page, "/healthz")[::2] == (503, b"no frame for 0 s\n")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer correct-horse-batterx"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer \xff\xe9"},
        {"Cookie": f"fer_edge_PORT={TOKEN}"},
    ],
)
def test_a_wrong_token_sees_nothing(headers: dict[str, str]) -> None:
    with served(token=TOKEN) as page:
        page.write(result())
        given = {
            name: value.replace("PORT", str(page.address.port)) for name, value in headers.items()
        }
        wrong = ("/nothing/here", "/?token=", "/?token=wrong", f"/page.js?token={TOKEN}")
        answers = {get(page, path, given)[::2] for path in (*PATHS, *wrong)}
        assert answers == {(401, b"")}


def test_the_token_logs_in_once_and_is_told_nowhere(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with served(token=TOKEN) as page:
        page.write(result())
        status, headers, body = get(page, f"/?token={TOKEN}")
        assert status == 200
        assert headers["refresh"] == "0; url=./"
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie + body.decode()
        for path in PATHS:
            assert get(page, path, {"Cookie": cookie.partition(";")[0]})[0] == 200
            assert get(page, path, {"Authorization": f"Bearer {TOKEN}"})[0] == 200
    assert TOKEN not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *[("evil.example", 421), ("127.0.0.1.evil.example", 421), ("", 421), ("192.168.0.9", 421)],
        *[("localhost:9000", 200), ("127.0.0.1", 200), ("[::1]:8000", 200), ("LOCALHOST", 200)],
    ],
)
def test_a_name_that_was_made_to_point_here_sees_nothing(host: str, status: int) -> None:
    with served() as page:
        page.write(result())
        for path in PATHS:
            assert get(page, path, {"Host": host})[0] == status


def test_a_picture_comes_with_its_faces() -> None:
    image = np.full((48, 64, 3), (0, 200, 0), np.uint8)
    with served() as page:
        page.write(result(readings=[reading(5), reading(None, "fröhlich")], image=image))
        _, headers, body = get(page, "/frame.jpg")
        picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (48, 64, 3)
        assert np.abs(picture.astype(int) - image).max() < 8  # nothing is drawn into it
        overlay = json.loads(headers["fer-edge-overlay"])
        assert overlay["number"] == 1
        assert overlay["faces"] == [
            {"face": 5, "label": "happy", "box": [0.25, 0.25, 0.5, 0.75]},
            {"face": -2, "label": "fröhlich", "box": [0.25, 0.25, 0.5, 0.75]},
        ]


def test_other_programs_get_a_stream_with_the_faces_drawn() -> None:
    with served() as page, asked(page, "/stream.mjpg") as answer:
        assert answer.headers["content-type"].startswith("multipart/x-mixed-replace")
        for number in range(2):
            image = np.zeros((480, 640, 3), np.uint8)
            face = Reading(Box(200, 200, 400, 400), 0.9, LABELS, (0.1, 0.8, 0.1))
            page.write(result(number, [face], image))
            assert answer.readline() == b"--fer-edge-frame\r\n"
            assert answer.readline() == b"Content-Type: image/jpeg\r\n"
            length = int(answer.readline().split()[1])
            assert answer.readline() == b"\r\n"
            picture = cv2.imdecode(np.frombuffer(answer.read(length), np.uint8), cv2.IMREAD_COLOR)
            assert answer.readline() == b"\r\n"
            assert picture.max() > 150


@pytest.mark.parametrize("shape", [(4320, 7680, 3), (1, 8000, 3), (3, 2, 3)])
def test_a_picture_of_any_size_is_served(shape: tuple[int, int, int]) -> None:
    with served() as page:
        page.write(result(image=np.zeros(shape, np.uint8)))
        _, _, body = get(page, "/frame.jpg")
        picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        assert max(picture.shape[:2]) == min(960, max(shape))


def test_five_hundred_faces_are_survived() -> None:
    with served() as page:
        page.write(result(readings=[reading(number) for number in range(1, 501)]))
        assert len(json.loads(get(page, "/frame.jpg")[1]["fer-edge-overlay"])["faces"]) == 24
        with asked(page, "/api/events") as answer:
            now = next_event(answer, "now")
        assert (len(now["faces"]), now["faces_in_all"]) == (24, 500)


def test_nothing_is_drawn_unless_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def draw(image: NDArray[np.uint8], readings: Sequence[Reading]) -> NDArray[np.uint8]:
        calls.append(len(readings))
        return np.full_like(image, 255)

    monkeypatch.setattr("fer_edge.runtime.web.page.annotate", draw)
    with served() as page:
        for number in range(50):
            page.write(result(number, [reading()]))
        time.sleep(0.3)
        assert calls == []
        get(page, "/stream.mjpg")
        assert calls == [1]


def test_viewers_share_a_bounded_number_of_pictures() -> None:
    with served(rate_hz=10) as page:
        ending = threading.Event()

        def read() -> None:
            number = 0
            while not ending.wait(0.002):
                page.write(result(number := number + 1))

        reader = threading.Thread(target=read)
        reader.start()
        numbers: list[list[int]] = [[], []]

        def look(seen: list[int]) -> None:
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                _, headers, _ = get(page, f"/frame.jpg?after={seen[-1] if seen else 0}")
                seen.append(json.loads(headers["fer-edge-overlay"])["number"])

        viewers = [threading.Thread(target=look, args=[seen]) for seen in numbers]
        for viewer in viewers:
            viewer.start()
        for viewer in viewers:
            viewer.join()
        ending.set()
        reader.join()
    assert all(len(seen) >= 3 and seen == sorted(set(seen)) for seen in numbers)
    assert len({*numbers[0], *numbers[1]}) <= 18  # 15, and the first at once


def test_a_slow_viewer_neither_slows_the_reader_nor_grows_memory() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 960, 3)).astype(np.uint8)
    with served(rate_hz=60) as page:
        page.write(result(image=noise))
        with asked(page, "/stream.mjpg") as stream, asked(page, "/api/events"):
            stream.read1(1)  # and never again
            slowest_s = 0.0
            sizes = []
            for number in range(400):
                shown = result(number, [reading()], noise)
                started = time.perf_counter()
                page.write(shown)
                slowest_s = max(slowest_s, time.perf_counter() - started)
                time.sleep(0.005)
                sizes.append(resident_bytes())
            # another viewer still gets the newest
            _, headers, _ = get(page, "/frame.jpg?after=400")
            assert json.loads(headers["fer-edge-overlay"])["number"] == 401
    assert slowest_s < 0.2  # a frame takes the viewer seconds; this leaves room for a busy machine
    assert max(sizes) - sizes[100] < 30e6  # 400 such pictures are 300 MB


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_new_viewer_sees_the_past_and_the_end() -> None:
    with served() as page:
        until = time.monotonic() + 2.2
        number = 0
        while time.monotonic() < until:
            page.write(result(number := number + 1, [reading(3, "sad"), reading(4)]))
            time.sleep(0.02)
        with asked(page, "/api/events") as answer:
            past = next_event(answer, "past")
            assert past["span_s"] == 300
            assert [second for second, _ in past["seconds"]] == [0, 1]
            assert sorted(past["seconds"][0][1]) == [[3, "sad", 0.8], [4, "happy", 0.8]]
            now = next_event(answer, "now")
            assert [face["face"] for face in now["faces"]] == [3, 4]
            assert now["faces"][0]["scores"] == [0.8, 0.1, 0.1]
            assert set(now["colours"]) == {*LABELS, "uncertain"}
            assert 20 < now["rate_hz"] < 60
            closing_thread = threading.Thread(target=page.close, kwargs={"complete": True})
            closing_thread.start()
            assert next_event(answer, "end") == {}
            closing_thread.join()


def test_closing_with_viewers_takes_less_than_a_second_and_leaks_nothing() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 960, 3)).astype(np.uint8)
    with served() as page:  # whatever is loaded once
        get(page, "/healthz")
    threads, files = set(threading.enumerate()), open_files()
    page = WebPage(WebAddress("127.0.0.1", 0), rate_hz=0.2)
    viewers = [socket.create_connection(("127.0.0.1", page.address.port)) for _ in range(5)]
    for viewer, path in zip(
        viewers, ("/stream.mjpg", "/api/events", "/frame.jpg", "/frame.jpg?after=1"), strict=False
    ):  # the last one never asks
        viewer.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    for number in range(30):
        page.write(result(number, image=noise))
        time.sleep(0.02)
    started = time.monotonic()
    page.close(complete=True)
    assert time.monotonic() - started < 1
    for viewer in viewers:
        viewer.close()
    assert set(threading.enumerate()) == threads
    assert open_files() == files
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", page.address.port))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_crowd_of_connections_is_turned_away() -> None:
    with served() as page:
        address = ("127.0.0.1", page.address.port)
        before = open_files()
        crowd = [socket.create_connection(address) for _ in range(100)]
        time.sleep(0.3)
        assert open_files() - before < 100 + 70  # both ends are in this process
        for viewer in crowd:
            viewer.close()
        time.sleep(0.3)
        assert get(page, "/healthz")[0] == 200


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", WebAddress("127.0.0.1", 8000)),
        ("8000", WebAddress("127.0.0.1", 8000)),
        ("[::1]:80", WebAddress("::1", 80)),
        ("pi.local:1", WebAddress("pi.local", 1)),
    ],
)
def test_an_address_is_read(text: str, address: WebAddress) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", ":8000", "host:", "host:x", "::1:80", "[::1]", "a:65536", "a:-1", "http://a:1"]
)
def test_what_is_no_address_says_what_one_is(text: str) -> None:
    with pytest.raises(OutputError, match=r"wanted HOST:PORT, such as 127\.0\.0\.1:8000"):
        parse_address(text)


def test_ipv6_is_served() -> None:
    try:
        address, (opened,) = listen(WebAddress("::1", 0), has_token=False)
    except OutputError:
        pytest.skip("this machine has no IPv6")
    opened.close()
    assert address.url == f"http://[::1]:{address.port}/"
    with served_at(address) as page:
        page.write(result())
        with closing(http.client.HTTPConnection("::1", address.port, timeout=5)) as line:
            line.request("GET", "/healthz")
            assert line.getresponse().status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "169.254.1.1"])
def test_an_address_that_others_reach_needs_a_token(host: str) -> None:
    with pytest.raises(OutputError, match="--web-token auto"):
        listen(WebAddress(host, 0), has_token=False)


@pytest.mark.parametrize(
    ("host", "words"),
    [("no-such-host.invalid", "is not known here"), ("192.0.2.1", "no address of this machine")],
)
def test_a_host_that_is_not_here_is_said_so(host: str, words: str) -> None:
    with pytest.raises(OutputError, match=words):
        listen(WebAddress(host, 0), has_token=True)


def test_a_token_is_long_or_made() -> None:
    assert chosen_token(None) is chosen_token("") is None
    assert chosen_token(TOKEN) == TOKEN
    made = {chosen_token("auto") for _ in range(3)}
    assert len(made) == 3
    assert all(len(token or "") >= 20 for token in made)
    for poor in ("password", "with a space in it", "fröhlich-fröhlich"):
        with pytest.raises(OutputError, match="--web-token auto"):
            chosen_token(poor)


Invoke = Callable[..., click.testing.Result]


def test_a_port_that_is_taken_ends_the_run_in_one_line(fer_edge: Invoke, picture: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        ended = fer_edge("run", "--input", picture, "--web", f"127.0.0.1:{port}")
    assert_one_clear_line(ended, f"127.0.0.1:{port}", "another program uses it")
    assert ended.stdout == ""


def test_a_public_address_without_a_token_ends_the_run(fer_edge: Invoke, picture: Path) -> None:
    ended = fer_edge("run", "--input", picture, "--web", "0.0.0.0:0")
    assert_one_clear_line(ended, "--web-token auto", "127.0.0.1")


def test_a_missing_web_server_names_the_extra(
    fer_edge: Invoke, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ended = fer_edge("run", "--input", picture, "--web", "127.0.0.1:0")
    assert_one_clear_line(ended, "pip install 'fer-edge[web]'", "uvicorn")


def test_the_address_is_told_once_and_a_token_of_ones_own_never(
    fer_edge: Invoke, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("run", "--input", picture, "--web", "127.0.0.1:0")
    (line,) = fer_edge(*command, "--web-token", "auto").stderr.splitlines()
    assert line.startswith("fer-edge: live page at http://127.0.0.1:")
    assert "/?token=" in line
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", TOKEN)
    (line,) = fer_edge(*command).stderr.splitlines()
    assert line.endswith("/")
    assert TOKEN not in line
