"""Live page in a real browser, served by a real `fer-edge run`."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.pictures.sample_photo import sample_photo

from ...support.chromium import Chromium

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from ...support.web_client import make_face, result, served

TOKEN = "correct-horse-battery"
BARS = "[...document.querySelectorAll('#faces .face li')].map((row) => row.textContent).join()"
STATUS = "document.getElementById('status')?.textContent"
SIZE = (640, 360)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 60 s with two faces that move, tilt, and get brighter and darker."""
    pytest.importorskip("matplotlib")
    photo = cv2.imread(str(sample_photo()))
    cycle = [
        np.hstack([face_at(photo, phase), face_at(photo, phase + 2)])
        for phase in np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ]
    path = tmp_path_factory.mktemp("web") / "faces.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, SIZE)
    for _ in range(25):
        for frame in cycle:
            writer.write(frame)
    writer.release()
    return path


def face_at(photo: NDArray[np.uint8], phase: float) -> NDArray[np.uint8]:
    """Return half a frame: the photograph, moved, tilted and lit by the phase, on gray."""
    turn = cv2.getRotationMatrix2D((256, 250), 14 * np.sin(phase), 1)
    turned = cv2.warpAffine(photo, turn, (512, 600), borderMode=cv2.BORDER_REPLICATE)
    lit = cv2.convertScaleAbs(turned, alpha=1 + 0.5 * np.sin(phase), beta=0)
    ground = np.full((SIZE[1], SIZE[0] // 2, 3), (98, 92, 84), np.uint8)
    top = 15 + round(10 * np.sin(2 * phase))
    ground[top : top + 330, 20:300] = cv2.resize(lit, (280, 330), interpolation=cv2.INTER_AREA)
    return ground


@contextmanager
def running(clip: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `fer-edge run --web` until the block ends; the block starts when it listens."""
    command = [sys.executable, "-m", "fer_edge", "run", "--input", str(clip)]
    process = subprocess.Popen(
        [*command, "--web", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline().decode()
        assert line == f"fer-edge: live page at http://127.0.0.1:{port}/\n"
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(20)
        process.stderr.close()


@pytest.fixture
def port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def browser() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


def test_the_page_shows_faces_whose_bars_change(
    clip: Path, port: int, browser: Chromium, tmp_path: Path
) -> None:
    with running(clip, port):
        browser.resize(1280, 800)
        browser.open(f"http://127.0.0.1:{port}/")
        first = browser.wait_for(BARS)
        assert re.search(r"\d+%", first)
        browser.wait_for(f"{BARS} !== {first!r}")
        assert browser.wait_for("document.querySelectorAll('#faces .face').length === 2")
        assert browser.evaluate(STATUS) == "live"

        # the picture is shown, with a box over each face
        browser.wait_for("document.getElementById('veil').hidden")
        assert browser.evaluate("document.getElementById('picture').width") == SIZE[0]
        assert browser.evaluate("document.querySelectorAll('#boxes .box').length") == 2

        # after one second, the timeline has a row, with its share as text
        browser.wait_for("document.querySelector('#rows .share')?.textContent.endsWith('%')")
        assert browser.evaluate("document.querySelectorAll('#legend li').length") == 8
        assert float(browser.evaluate("document.getElementById('rate').textContent")) > 0

        # the button can get the keyboard focus, and it stops the bars
        browser.evaluate("document.getElementById('pause').focus()")
        browser.evaluate("document.activeElement.click()")
        browser.wait_for(f"{STATUS} === 'paused'")
        assert browser.evaluate("document.activeElement.textContent") == "Resume"
        assert not browser.evaluate("document.activeElement.hasAttribute('aria-pressed')")
        held = browser.evaluate(BARS)
        time.sleep(0.5)
        assert browser.evaluate(BARS) == held
        browser.evaluate("document.getElementById('pause').click()")
        browser.wait_for(f"{BARS} !== {held!r}")

        for width, is_dark in (
            (360, False),
            (390, True),
            (768, False),
            (1280, True),
            (1280, False),
        ):
            browser.resize(width, 800, is_dark=is_dark)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
        # docs/generators/pictures.py takes it from here
        image = Path(os.environ.get("FER_EDGE_WEB_IMAGE", tmp_path / "web.png"))
        browser.wait_for("document.querySelectorAll('#faces .face').length === 2")
        browser.evaluate("document.activeElement.blur()")
        browser.screenshot(image)
        assert cv2.imread(str(image)).std() > 20
        assert browser.errors == []
    hosts = {urlsplit(address).netloc for address in browser.requested if "blob:" not in address}
    assert hosts - {""} == {f"127.0.0.1:{port}"}


def test_the_page_says_when_the_run_ends_and_finds_the_next_one(
    clip: Path, port: int, browser: Chromium
) -> None:
    with running(clip, port):
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait_for(f"{STATUS} === 'live'")
    browser.wait_for(f"{STATUS} === 'ended'")
    assert browser.evaluate("document.getElementById('rate').textContent") == "\N{EN DASH}"
    assert "run has ended" in browser.evaluate("document.getElementById('veil').textContent")
    with running(clip, port) as process:
        browser.wait_for(f"{STATUS} === 'live'")
        before = browser.wait_for(BARS)
        browser.wait_for(f"{BARS} !== {before!r}")
        process.kill()  # so it cannot announce its end
        browser.wait_for(f"{STATUS} === 'connection lost'")


def test_the_page_says_that_reading_is_paused_or_the_camera_lost(browser: Chromium) -> None:
    camera = "online"
    with served(camera=lambda: camera) as page:
        browser.open(page.address.url)
        for standing, status, veil in (
            ("online", "live", ""),
            ("paused", "run paused", "The run is paused. The camera is closed."),
            ("offline", "camera lost", "The camera is lost. Trying to reconnect."),
            ("online", "live", ""),
        ):
            camera = standing
            page.write(result(1, [make_face()]))
            browser.wait_for(f"document.getElementById('status').textContent === '{status}'")
            browser.wait_for(f"document.getElementById('veil').textContent === '{veil}'")
            browser.wait_for(f"document.getElementById('veil').hidden === {str(not veil).lower()}")


def test_a_wrong_token_sees_an_empty_page_and_the_right_one_logs_in(
    clip: Path, port: int, browser: Chromium
) -> None:
    with running(clip, port, FER_EDGE_WEB_TOKEN=TOKEN):
        for query in ("", "?token=wrong-wrong-wrong"):
            browser.open(f"http://127.0.0.1:{port}/{query}")
            time.sleep(0.5)
            assert "fer-edge" not in browser.evaluate("document.documentElement.outerHTML")
        browser.open(f"http://127.0.0.1:{port}/?token={TOKEN}")
        browser.wait_for(BARS)
        assert browser.evaluate("location.href") == f"http://127.0.0.1:{port}/"
        assert browser.evaluate("document.cookie") == ""  # scripts cannot read the cookie


def test_names_of_classes_are_whole_and_keep_the_order_of_the_text_around_them(
    browser: Chromium,
) -> None:
    labels = ("happiness", "surprise", "contemptuous-and-bored-or-angry", "سعيد")
    names = "[...document.querySelectorAll('#faces .face li > :first-child')]"
    with served() as page:
        for width in (360, 1280):
            browser.resize(width, 800)
            browser.open(page.address.url)
            page.write(result(1, [make_face(1, labels[3], labels)]))
            browser.wait_for(f"{names}.length")
            cut = browser.evaluate(
                f"{names}.filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"
            )
            assert cut == [labels[2]]
            assert browser.evaluate(f"{names}.map((e) => e.title)") == list(labels)
            starts = "[...document.querySelectorAll('#faces .bar')].map((e) => e.offsetLeft)"
            assert len(set(browser.evaluate(starts))) == 1
        box = "document.querySelector('#boxes .box span')?.textContent"
        assert browser.wait_for(box) == f"1 · \u2068{labels[3]}\u2069"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("camera 0", "camera 0"),
        ("/home/pi/door.mp4", "door.mp4"),
        ("rtsp://cam.local:554/", "cam.local:554"),
        ("http://cam.local/video/", "cam.local/video"),
        ("rtsp://pi:***@cam/live?token=abcdef", "cam/live"),
    ],
)
def test_a_source_is_named_without_folders_and_secrets(
    browser: Chromium, source: str, shown: str
) -> None:
    with served() as page:
        page.write(result(1, source=source))
        browser.open(page.address.url)
        assert browser.wait_for("document.getElementById('source').textContent") == shown


def test_a_crowd_is_said_to_be_larger_than_the_timeline(browser: Chromium) -> None:
    with served() as page:
        browser.open(page.address.url)
        for number in range(25):
            page.write(result(number, [make_face(track) for track in range(1, 21)]))
            time.sleep(0.05)
        assert browser.wait_for("!document.getElementById('cut').hidden")
        assert "8 largest" in browser.evaluate("document.getElementById('cut').textContent")


def test_without_scripts_only_what_works_is_shown(browser: Chromium) -> None:
    with served() as page:
        page.write(result(1, [make_face()]))
        browser.call("Emulation.setScriptExecutionDisabled", value=True)
        browser.call("Page.navigate", url=page.address.url)  # the stream loads without end
        assert browser.wait_for("document.querySelector('noscript img')?.clientWidth")
        text = browser.evaluate("document.body.innerText")
        assert "Without JavaScript" in text
        for dead in ("connecting", "Pause", "Waiting", "Frame rate", "No face"):
            assert dead not in text
