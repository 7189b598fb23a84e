import time

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.publish.web.history import MAX_FACES, History, Moment, Second, face_numbers
from fer_edge.runtime.recognition.result import Face, Probabilities, Result
from fer_edge.runtime.timing.stopwatch import StageTimes
from tests.support.web_client import asked, make_face, next_event, result, served

LABELS = ("sad", "happy")


def seen(*tracks: int | None, happy: float = 0.7, detect_ms: float = 1.0) -> Result:
    faces = tuple(
        Face(
            LABELS[happy > 0.5],
            Probabilities(LABELS, (1 - happy, happy)),
            Box(0, 0, 9, 9),
            0.9,
            track,
        )
        for track in tracks
    )
    return Result(Frame(None, 0, 0.0, ""), faces, StageTimes(detect_ms=detect_ms))  # type: ignore[arg-type]


def test_a_second_keeps_the_label_of_most_frames_and_its_mean_probability() -> None:
    history = History(100.0)
    for at, happy in ((100.0, 0.6), (100.3, 0.8), (100.6, 0.1), (101.0, 0.1)):
        history.add(seen(4, happy=happy), at)
    (second,) = history.since(0)
    assert second == Second(0, (Moment(4, "happy", pytest.approx(0.7)),))
    assert history.since(1) == []


def test_seconds_without_a_frame_are_left_out_and_those_without_a_face_are_empty() -> None:
    history = History(0.0)
    for at, tracks in ((0.5, (1,)), (1.5, ()), (7.5, (2,)), (8.5, ())):
        history.add(seen(*tracks), at)
    assert [(second.number, len(second.moments)) for second in history.since(0)] == [
        *((0, 1), (1, 0), (7, 1)),
    ]


@pytest.mark.slow
def test_the_past_is_bounded_in_time_and_faces() -> None:
    history = History(0.0, span_s=60)
    for number in range(1000):
        history.add(seen(*range(500)), float(number))
    seconds = history.since(0)
    assert [second.number for second in seconds] == list(range(939, 999))
    assert {len(second.moments) for second in seconds} == {MAX_FACES}


def test_new_tracks_in_every_frame_do_not_grow_a_second() -> None:
    history = History(0.0)
    for number in range(900):
        history.add(seen(number), number / 1000)
    history.add(seen(), 1.0)
    assert len(history.since(0)[0].moments) == MAX_FACES


def test_faces_that_are_not_followed_are_numbered_by_size() -> None:
    assert face_numbers(seen(None, 7, None).faces) == [-1, 7, -3]


def test_the_pace_is_that_of_the_last_frames() -> None:
    history = History(0.0, window_frames=10)
    assert history.throughput(5.0).rate_hz == 0
    for number in range(100):
        history.add(seen(1, detect_ms=5.0 if number % 5 == 0 else 0.0), number / 20)
    throughput = history.throughput(99 / 20)
    assert throughput.rate_hz == pytest.approx(20)
    assert throughput.stages.detect_ms == pytest.approx(1)
    assert (throughput.median_ms, throughput.p95_ms, throughput.frames) == (0, pytest.approx(5), 10)


def test_a_source_that_stalls_is_seen_in_the_rate() -> None:
    history = History(0.0)
    for number in range(100):
        history.add(seen(), number / 20)
    assert 0 < history.throughput(99 / 20 + 3).rate_hz < 10
    assert history.throughput(99 / 20 + 15).rate_hz == 0


def test_a_viewer_from_the_start_gets_the_first_second() -> None:
    with served() as page, asked(page, "/api/events") as answer:
        assert next_event(answer, "past")["seconds"] == []
        for number in range(1, 26):
            page.write(result(number, [make_face()]))
            time.sleep(0.05)
        assert next_event(answer, "past")["seconds"][0][0] == 0
