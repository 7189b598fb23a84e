import http.client
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.recognition.result import Face, Probabilities

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from fer_edge.runtime.publish.web.address import MAX_CONNECTIONS, WebAddress
from fer_edge.runtime.publish.web.page import WebPage

from ...support.web_client import (
    LABELS,
    PAGE,
    PATHS,
    TOKEN,
    asked,
    get,
    make_face,
    next_event,
    result,
    served,
)


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
        for path in PAGE:
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
        shown = result(7, [make_face(), make_face(2, "sad")])
        page.write(shown)
        state = json.loads(get(page, "/api/state")[2])
        live = state.pop("live")
        assert state == json.loads(json.dumps(shown.to_dict()))
        assert (live["frames"], live["dropped"]) == (1, 2)
        assert live["latency_ms"] == {"median": 4.0, "p95": 4.0}
        assert live["stages_mean_ms"]["detect"] == 3.0


def test_health_is_a_word_or_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as page:
        page.write(result())
        assert get(page, "/healthz")[::2] == (200, b"ok\n")
        monkeypatch.setattr("fer_edge.runtime.publish.web.app._SILENCE_S", 0.01)
        time.sleep(0.05)
        assert get(page, "/healthz")[::2] == (503, b"no frame for 0 s\n")


def test_a_pause_is_healthy_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.runtime.publish.web.app._SILENCE_S", 0)
    with served(camera=lambda: "paused") as page:
        assert get(page, "/healthz")[::2] == (200, b"ok, paused\n")
        assert json.loads(get(page, "/api/state")[2])["live"]["camera"] == "paused"


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
        *[("localhost:9000", 200), ("127.0.0.1", 200), ("[::1]:8000", 200), ("LOCALHOST.", 200)],
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
        page.write(result(faces=[make_face(5), make_face(None, "fröhlich")], image=image))
        _, headers, body = get(page, "/frame.jpg")
        picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (48, 64, 3)
        assert np.abs(picture.astype(int) - image).max() < 8  # nothing is drawn on the picture
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
            face = Face(
                "happy", Probabilities(LABELS, (0.1, 0.8, 0.1)), Box(200, 200, 400, 400), 0.9
            )
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
        page.write(result(faces=[make_face(number) for number in range(1, 501)]))
        assert len(json.loads(get(page, "/frame.jpg")[1]["fer-edge-overlay"])["faces"]) == 24
        with asked(page, "/api/events") as answer:
            now = next_event(answer, "now")
        assert (len(now["faces"]), now["faces_in_all"]) == (24, 500)


def test_nothing_is_drawn_unless_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def draw(image: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.uint8]:
        calls.append(len(faces))
        return np.full_like(image, 255)

    monkeypatch.setattr("fer_edge.runtime.publish.web.page.annotate", draw)
    with served() as page:
        for number in range(50):
            page.write(result(number, [make_face()]))
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
    assert len({*numbers[0], *numbers[1]}) <= 18  # 15 by the rate limit, and the first one at once


def test_a_slow_viewer_neither_slows_the_reader_nor_grows_memory() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 960, 3)).astype(np.uint8)
    with served(rate_hz=60) as page:
        page.write(result(image=noise))
        with asked(page, "/stream.mjpg") as stream, asked(page, "/api/events"):
            stream.read1(1)  # this viewer reads one byte only
            slowest_s = 0.0
            sizes = []
            for number in range(400):
                shown = result(number, [make_face()], noise)
                started = time.perf_counter()
                page.write(shown)
                slowest_s = max(slowest_s, time.perf_counter() - started)
                time.sleep(0.005)
                sizes.append(resident_bytes())
            # another viewer still gets the newest frame
            _, headers, _ = get(page, "/frame.jpg?after=400")
            assert json.loads(headers["fer-edge-overlay"])["number"] == 401
    assert slowest_s < 0.2  # a viewer takes seconds for a frame; 0.2 s allows for a busy machine
    assert max(sizes) - sizes[100] < 30e6  # 400 such pictures are 300 MB


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_new_viewer_sees_the_past_and_the_end() -> None:
    with served() as page:
        until = time.monotonic() + 2.2
        number = 0
        while time.monotonic() < until:
            page.write(result(number := number + 1, [make_face(3, "sad"), make_face(4)]))
            time.sleep(0.02)
        with asked(page, "/api/events") as answer:
            past = next_event(answer, "past")
            assert past["span_s"] == 300
            assert past["most_faces"] == 8
            assert [second for second, _ in past["seconds"]] == [0, 1]
            assert sorted(past["seconds"][0][1]) == [[3, "sad", 0.8], [4, "happy", 0.8]]
            now = next_event(answer, "now")
            assert [face["face"] for face in now["faces"]] == [3, 4]
            assert now["faces"][0]["scores"] == [0.8, 0.1, 0.1]
            assert set(now["colors"]) == {*LABELS, "uncertain"}
            assert 20 < now["rate_hz"] < 60
            closing_thread = threading.Thread(target=page.close, kwargs={"complete": True})
            closing_thread.start()
            assert next_event(answer, "end") == {}
            closing_thread.join()


def test_closing_with_viewers_takes_less_than_a_second_and_leaks_nothing() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 960, 3)).astype(np.uint8)
    with served() as page:  # loads everything that is loaded only once
        get(page, "/healthz")
    for thread in threading.enumerate():  # a thread may still run after its answer was read
        if "process_request_thread" in thread.name:
            thread.join(5)
    threads, files = set(threading.enumerate()), open_files()
    page = WebPage(WebAddress("127.0.0.1", 0), rate_hz=0.2)
    viewers = [socket.create_connection(("127.0.0.1", page.address.port)) for _ in range(5)]
    for viewer, path in zip(
        viewers, ("/stream.mjpg", "/api/events", "/frame.jpg", "/frame.jpg?after=1"), strict=False
    ):  # the fifth viewer sends no request
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
        crowd = [socket.create_connection(address) for _ in range(MAX_CONNECTIONS + 40)]
        time.sleep(0.3)
        assert open_files() - before < 2 * MAX_CONNECTIONS + 40 + 6  # both ends are in this process
        for viewer in crowd:
            viewer.close()
        time.sleep(0.3)
        assert get(page, "/healthz")[0] == 200
