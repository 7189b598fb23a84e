"""`fer_edge.Recognizer`, the main class of the Python API."""

import gc
import json
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import fer_edge
import fer_edge.runtime.recognition.recognizer
from fer_edge import (
    Box,
    ConfigError,
    DetectorError,
    Frame,
    ModelError,
    Recognizer,
    SourceError,
    Track,
    open_source,
)
from fer_edge.runtime.capture.images import Images
from tests.support.clip import CLIP_FRAMES

BLACK = np.zeros((80, 100, 3), np.uint8)
BOX = Box(10.0, 20.0, 50.0, 70.0)


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    with Recognizer(detector="none") as opened:
        yield opened


class Watched(Images):
    """Images that count calls of close(), and report one dropped frame for each frame read."""

    closed = 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self.dropped += 1
            yield frame

    def close(self) -> None:
        self.closed += 1
        super().close()


def test_each_frame_of_a_video_is_a_result(clip: Path, recognizer: Recognizer) -> None:
    results = list(recognizer.stream(clip))
    assert [result.frame.index for result in results] == list(range(CLIP_FRAMES))
    assert [len(result.faces) for result in results] == [1] * CLIP_FRAMES
    assert results[4].frame.time_s == pytest.approx(0.5)
    assert all(result.times.total_ms > 0 for result in results)


def test_a_path_may_be_text_and_a_folder(picture: Path, recognizer: Recognizer) -> None:
    (result,) = recognizer.stream(str(picture.parent))
    assert result.frame.name == str(picture)


def test_an_open_source_is_read(clip: Path, recognizer: Recognizer) -> None:
    assert len(list(recognizer.stream(open_source(clip)))) == CLIP_FRAMES


@pytest.mark.parametrize("ending", ["end", "break", "error"])
def test_what_the_caller_opened_stays_open_however_the_loop_ends(
    recognizer: Recognizer, ending: str
) -> None:
    source = Watched([BLACK] * 3)

    def loop() -> None:
        for result in recognizer.stream(source):
            if ending == "break" and result.frame.index == 1:
                break
            if ending == "error":
                raise KeyError(ending)

    if ending == "error":
        with pytest.raises(KeyError):
            loop()
    else:
        loop()
    assert source.closed == 0
    assert len(recognizer.read(BLACK)) == 1


@pytest.mark.parametrize("ending", ["end", "break"])
def test_what_was_opened_by_name_is_closed_however_the_loop_ends(
    recognizer: Recognizer, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Watched([BLACK] * 3)
    monkeypatch.setattr(
        fer_edge.runtime.recognition.recognizer, "open_source", lambda *_, **__: source
    )
    results = recognizer.stream("clip.mp4")
    next(results)
    if ending == "end":
        assert len(list(results)) == 2
    results.close()
    assert source.closed == 1


def test_a_generator_of_images_can_be_read_on_after_a_break(recognizer: Recognizer) -> None:
    images = (BLACK for _ in range(5))
    for result in recognizer.stream(images):
        if result.frame.index == 2:
            break
    assert len(list(recognizer.stream(images))) == 2


def test_what_cannot_be_streamed_is_told_by_the_call(
    recognizer: Recognizer, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        recognizer.stream(tmp_path / "missing.mp4")
    with pytest.raises(ConfigError, match="'every' is 0, expected a whole number from 1"):
        recognizer.stream([BLACK], every=0)
    with pytest.raises(ConfigError, match="'color' is 'xyz', expected 'bgr' or 'rgb'"):
        recognizer.stream([BLACK], color="xyz")  # type: ignore[arg-type]
    with Recognizer(detector="none") as closed:
        pass
    with pytest.raises(ModelError, match="this Recognizer is closed"):
        closed.stream([BLACK])


def test_a_source_whose_results_nobody_reads_is_closed(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Watched([BLACK] * 3)
    monkeypatch.setattr(
        fer_edge.runtime.recognition.recognizer, "open_source", lambda *_, **__: source
    )
    results = recognizer.stream("clip.mp4")
    assert source.closed == 0
    del results
    gc.collect()
    assert source.closed == 1


def test_dropped_frames_are_told(recognizer: Recognizer) -> None:
    results = recognizer.stream(Watched([BLACK] * 3))
    assert [result.dropped for result in results] == [1, 2, 3]


def test_images_have_a_clock_only_where_they_move() -> None:
    still, moving = Images([BLACK, BLACK]), Images(np.stack([BLACK] * 3), frame_rate_hz=20)
    assert (still.is_video, still.length) == (False, 2)
    assert (moving.is_video, moving.length, moving.frame_rate_hz) == (True, 3, 20)
    assert [frame.time_s for frame in still] == [0, 0]
    assert [frame.time_s for frame in moving] == pytest.approx([0, 0.05, 0.1])


def test_recognizers_in_several_threads_do_not_disturb_each_other(clip: Path) -> None:
    with Recognizer(detector="none") as shared:
        alone = probabilities_of(shared, clip)
        found: list[list[dict[str, float]]] = []

        def read(own: Recognizer) -> None:
            found.append(probabilities_of(own, clip))

        others = [Recognizer(detector="none") for _ in range(2)]
        threads = [threading.Thread(target=read, args=(own,)) for own in (shared, shared, *others)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for own in others:
            own.close()
    assert found == [alone] * 4


def probabilities_of(recognizer: Recognizer, clip: Path) -> list[dict[str, float]]:
    return [dict(result[0].probabilities) for result in recognizer.stream(clip)]


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    for model in ("no-such-model", tmp_path / "none.tflite", "zero\0byte.tflite"):
        with pytest.raises(ModelError):
            Recognizer(model)


class OneTrack:
    """Tracker of the caller: it returns the same two faces for every frame."""

    def follow(self, frame: Frame) -> list[Track]:
        return [Track(7, BOX), Track(9, Box(0, 0, 70, 70), 0.5)]


def test_an_own_tracker_is_all_that_is_needed(recognizer: Recognizer) -> None:
    results = list(recognizer.stream([BLACK] * 3, frame_rate_hz=10, tracker=OneTrack()))
    assert [[(face.track, face.score) for face in result] for result in results] == [
        [(9, 0.5), (7, 1.0)]
    ] * 3
    assert results[0][0].crop().shape[0] == results[0][0].crop().shape[1] > 60  # the card's crop
    assert all(result.times.track_ms > 0 for result in results)


@pytest.mark.parametrize(
    ("place", "which"),
    [
        (2, 2),
        (np.int64(2), 2),
        ("/dev/video9", "/dev/video9"),
        (Path("/dev/v4l/x"), "/dev/v4l/x"),
        ("picamera2",) * 2,
    ],
)
def test_cameras_are_opened_by_number_device_or_name(
    recognizer: Recognizer, place: Any, which: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    source = Watched([BLACK], frame_rate_hz=5)

    def open_camera(which: object, *, frame_rate_hz: float | None) -> Watched:
        opened.append((which, frame_rate_hz))
        return source

    monkeypatch.setattr(fer_edge.runtime.recognition.recognizer, "open_camera", open_camera)
    assert len(list(recognizer.stream(place, frame_rate_hz=5))) == 1
    assert (opened, source.closed) == ([(which, 5)], 1)


def test_a_name_that_no_file_has_is_not_a_camera(recognizer: Recognizer) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        recognizer.stream("video9")


def test_numpys_whole_numbers_are_accepted() -> None:
    with Recognizer(threads=np.int64(2), max_faces=np.int64(1)) as recognizer:  # type: ignore[arg-type]
        assert recognizer.read(BLACK).faces == ()


def test_a_picture_of_opencvs_goes_straight_in(picture: Path, recognizer: Recognizer) -> None:
    (face,) = recognizer.read(cv2.imread(str(picture)))
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("threads", value) for value in (0, 100_000, 1.5, "2")),
        *(("uncertain_below", value) for value in (-1, 5, math.nan, "0.4")),
        *(("min_face_px", value) for value in (-1, math.nan)),
        *(("max_faces", value) for value in (0, 1.5)),
    ],
)
def test_a_number_out_of_range_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is {value!r}, expected a"):
        Recognizer(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("smooth_s", value) for value in (-1, math.nan)),
        *(("hysteresis", value) for value in (2, math.nan)),
        *(("frame_rate_hz", value) for value in (0, -5, math.nan)),
        *(("every", value) for value in (0, -1, 1.5)),
    ],
)
def test_a_number_of_a_stream_out_of_range_is_refused(name: str, value: Any) -> None:
    with Recognizer() as recognizer, pytest.raises(ConfigError, match=f"'{name}' is {value!r}"):
        list(recognizer.stream([BLACK] * 2, **{"frame_rate_hz": 25.0, name: value}))


def test_two_reads_of_a_picture_are_equal(recognizer: Recognizer) -> None:
    assert recognizer.read(BLACK) == recognizer.read(BLACK)
    assert recognizer.read(BLACK) != recognizer.read(BLACK[:40])


def test_a_signal_handler_may_close_it_while_it_reads() -> None:
    opened: list[Recognizer] = []

    def close_then_find(image: np.ndarray) -> list[Box]:
        opened[0].close()
        return [BOX]

    opened.append(Recognizer(detector=close_then_find))
    assert len(opened[0].read(BLACK)) == 1  # the reading that was interrupted ends well
    with pytest.raises(ModelError, match="is closed"):
        opened[0].read(BLACK)


def test_closing_it_ends_a_loop_over_a_live_source_that_waits(monkeypatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    class Waiting(Images):
        is_video = is_live = True

        def __iter__(self) -> Iterator[Frame]:
            begun.set()
            ended.wait(20)
            yield from ()

        def close(self) -> None:
            ended.set()

    place = fer_edge.runtime.recognition.recognizer
    monkeypatch.setattr(place, "open_source", lambda *a, **k: Waiting([]))
    recognizer = Recognizer(detector="none")
    results: list[object] = []
    loop = threading.Thread(target=lambda: results.extend(recognizer.stream("rtsp://camera/")))
    loop.start()
    assert begun.wait(20)
    recognizer.close()
    loop.join(20)
    assert not loop.is_alive()


@pytest.mark.parametrize(
    ("tracks", "words"),
    [
        (None, "expected tracks from your tracker, got NoneType"),
        ([Track(0, Box(0, 0, 9, 9))], "expected different numbers from 1"),
        ([Track(2, Box(0, 0, 9, 9)), Track(2, Box(9, 0, 18, 9))], "got 2, 2"),
        ([(1, BOX)], "expected Track"),
        ([Track(1.5, BOX)], "expected Track"),
        ([Track(1, Box(0, 0, float("nan"), 9))], "expected finite boxes"),
        ([Track(1, BOX, 7.5)], "scores from 0 to 1"),
        ([Track(1, Box(0, 0, 10**400, 9))], "expected Track"),
    ],
)
def test_a_tracker_that_returns_no_tracks_is_one_clear_error(
    recognizer: Recognizer, tracks: Any, words: str
) -> None:
    class Mine:
        def follow(self, frame: Frame) -> Any:
            return tracks

    with pytest.raises(DetectorError, match=words):
        list(recognizer.stream([BLACK], tracker=Mine(), frame_rate_hz=25))


def test_numbers_of_numpy_from_a_tracker_become_pythons(recognizer: Recognizer) -> None:
    class Mine:
        def follow(self, frame: Frame) -> list[Track]:
            return [Track(np.int64(7), Box(*np.array(BOX.edges, np.float32)), np.float32(0.5))]

    (result,) = recognizer.stream([BLACK], tracker=Mine(), frame_rate_hz=25)
    assert json.loads(json.dumps(result.to_dict()))["faces"][0]["track"] == 7
