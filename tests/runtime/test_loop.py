import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import fer_edge.runtime
import fer_edge.runtime.loop
from fer_edge.errors import SourceError
from fer_edge.runtime import Frame, Images, Reader, open_reader, open_source, read_source

from .conftest import CLIP_FRAMES

BLACK = np.zeros((80, 100, 3), np.uint8)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with open_reader(detector="none") as opened:
        yield opened


class Watched(Images):
    """Images that know whether they were closed, and drop one frame for each that is read."""

    closed = 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self.dropped += 1
            yield frame

    def close(self) -> None:
        self.closed += 1
        super().close()


def test_each_frame_of_a_video_is_a_result(clip: Path, reader: Reader) -> None:
    results = list(read_source(clip, reader=reader))
    assert [result.frame.index for result in results] == list(range(CLIP_FRAMES))
    assert [len(result.faces) for result in results] == [1] * CLIP_FRAMES
    assert results[4].frame.time_s == pytest.approx(0.5)
    assert all(result.times.total_ms > 0 for result in results)


def test_a_path_may_be_text_and_a_folder(picture: Path, reader: Reader) -> None:
    (result,) = read_source(str(picture.parent), reader=reader)
    assert result.frame.name == str(picture)


def test_an_open_source_is_read(clip: Path, reader: Reader) -> None:
    assert len(list(read_source(open_source(clip), reader=reader))) == CLIP_FRAMES


@pytest.mark.parametrize("ending", ["end", "break", "error"])
def test_what_the_caller_opened_stays_open_however_the_loop_ends(
    reader: Reader, ending: str
) -> None:
    source = Watched([BLACK] * 3)

    def loop() -> None:
        for result in read_source(source, reader=reader):
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
    assert len(reader.read(BLACK)) == 1


@pytest.mark.parametrize("ending", ["end", "break"])
def test_what_was_opened_by_name_is_closed_however_the_loop_ends(
    reader: Reader, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Watched([BLACK] * 3)
    monkeypatch.setattr(fer_edge.runtime.loop, "open_source", lambda place: source)
    results = read_source("clip.mp4", reader=reader)
    next(results)
    if ending == "end":
        assert len(list(results)) == 2
    results.close()
    assert source.closed == 1


def test_a_generator_of_images_can_be_read_on_after_a_break(reader: Reader) -> None:
    images = (BLACK for _ in range(5))
    for result in read_source(images, reader=reader):
        if result.frame.index == 2:
            break
    assert len(list(read_source(images, reader=reader))) == 2


def test_nothing_is_opened_before_the_first_result(tmp_path: Path) -> None:
    results = read_source(tmp_path / "missing.mp4")
    with pytest.raises(SourceError, match="does not exist"):
        next(results)


def test_dropped_frames_are_told(reader: Reader) -> None:
    results = read_source(Watched([BLACK] * 3), reader=reader)
    assert [result.dropped for result in results] == [1, 2, 3]


def test_images_have_a_clock_only_where_they_move() -> None:
    still, moving = Images([BLACK, BLACK]), Images(np.stack([BLACK] * 3), frame_rate_hz=20)
    assert (still.is_video, still.length) == (False, 2)
    assert (moving.is_video, moving.length, moving.frame_rate_hz) == (True, 3, 20)
    assert [frame.time_s for frame in still] == [0, 0]
    assert [frame.time_s for frame in moving] == pytest.approx([0, 0.05, 0.1])


def test_readers_in_several_threads_do_not_disturb_each_other(clip: Path) -> None:
    def read(into: list[list[tuple[float, ...]]]) -> None:
        with open_reader(detector="none") as own:
            results = read_source(clip, reader=own)
            into.append([result.faces[0].probabilities for result in results])

    alone: list[list[tuple[float, ...]]] = []
    read(alone)
    together: list[list[tuple[float, ...]]] = []
    threads = [threading.Thread(target=read, args=(together,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone * 3


def test_every_public_name_can_be_had_and_no_other() -> None:
    for name in fer_edge.runtime.__all__:
        assert getattr(fer_edge.runtime, name) is not None
        assert name in dir(fer_edge.runtime)
    assert sorted(fer_edge.runtime._HOMES) == sorted(fer_edge.runtime.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = fer_edge.runtime.nothing


def test_a_picture_of_opencvs_goes_straight_in(picture: Path, reader: Reader) -> None:
    (face,) = reader.read(cv2.imread(str(picture)))
    assert sum(face.probabilities) == pytest.approx(1, abs=0.03)
