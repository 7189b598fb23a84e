"""Pictures are of the newest frame, however rarely somebody views them."""

import json
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.runtime.recognition.result import Face

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from fer_edge.runtime.publish.web.page import WebPage
from tests.support.web_client import asked, get, result, served

AT_ONCE_HZ = 1e9


def number_of(page: WebPage, after: str = "") -> int:
    overlay = json.loads(get(page, f"/frame.jpg{after}")[1]["fer-edge-overlay"])
    return int(overlay["number"])


def level_of_first_part(page: WebPage) -> float:
    with asked(page, "/stream.mjpg") as answer:
        assert answer.readline() == b"--fer-edge-frame\r\n"
        answer.readline()
        length = int(answer.readline().split()[1])
        answer.readline()
        picture = cv2.imdecode(np.frombuffer(answer.read(length), np.uint8), cv2.IMREAD_COLOR)
        return float(picture.mean())


def test_a_script_that_asks_from_time_to_time_gets_the_newest_picture() -> None:
    with served(rate_hz=AT_ONCE_HZ) as page:
        for number in (1, 2, 3):
            page.write(result(number))
            assert number_of(page) == number
        assert number_of(page) == 3  # of a source that was lost since
        page.write(result(4))
        page.write(result(5))
        assert number_of(page, "?after=3") == 5


def test_the_stream_begins_with_the_newest_picture() -> None:
    with served(rate_hz=AT_ONCE_HZ) as page:
        for level in (0, 200):
            page.write(result(image=np.full((48, 64, 3), level, np.uint8)))
            assert level_of_first_part(page) == pytest.approx(level, abs=5)


def test_a_picture_is_not_encoded_again_before_its_time() -> None:
    with served(rate_hz=0.01) as page:
        page.write(result(1))
        assert number_of(page) == 1
        page.write(result(2))
        assert number_of(page) == 1


def test_frames_that_come_faster_than_pictures_are_encoded_keep_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw(image: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.uint8]:
        page.write(result())  # a newer frame comes meanwhile
        return image

    monkeypatch.setattr("fer_edge.runtime.publish.web.page.annotate", draw)
    with served(rate_hz=AT_ONCE_HZ) as page:
        page.write(result())
        assert get(page, "/stream.mjpg")[0] == 200
