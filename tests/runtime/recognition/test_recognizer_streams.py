"""Streams of results that end early, begin again, or are kept."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from fer_edge import Recognizer, Result, SourceError, open_source
from tests.support.clip import CLIP_FRAMES


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    with Recognizer(detector="none") as opened:
        yield opened


def is_open(path: Path) -> bool:
    """Return whether this process has a file open."""
    folder = Path("/proc/self/fd")
    return any(os.path.realpath(entry) == str(path.resolve()) for entry in folder.iterdir())


def test_a_video_is_read_from_its_beginning_by_every_loop(
    clip: Path, recognizer: Recognizer, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_source(clip)) as source:
        first = [result.frame for result in recognizer.stream(source)]
        for result in recognizer.stream(source):
            if result.frame.index == 2:
                break
        again = list(source)
    assert first == again
    assert [frame.time_s for frame in again] == [index / 8 for index in range(CLIP_FRAMES)]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, again, strict=True))
    assert caplog.messages == []


def test_a_loop_that_another_one_ended_is_told(clip: Path) -> None:
    with closing(open_source(clip)) as source:
        older = iter(source)
        next(older)
        assert next(iter(source)).index == 0
        with pytest.raises(SourceError, match=r"is read by another loop, .* open it once for each"):
            next(older)


@pytest.mark.parametrize("frames", [0, 2])
def test_closing_the_results_closes_the_file(
    clip: Path, recognizer: Recognizer, frames: int
) -> None:
    results = recognizer.stream(clip)
    for _ in range(frames):
        next(results)
    assert is_open(clip)
    results.close()
    assert not is_open(clip)
    assert list(results) == []


def test_a_break_out_of_results_that_are_kept_leaves_closing_to_the_caller(
    clip: Path, recognizer: Recognizer
) -> None:
    with closing(recognizer.stream(clip)) as results:
        for _ in results:
            break
        assert is_open(clip)
    assert not is_open(clip)


def test_a_result_refers_to_the_pixels_that_were_given(recognizer: Recognizer) -> None:
    buffer = np.zeros((60, 80, 3), np.uint8)
    shared, copied = recognizer.read(buffer), recognizer.read(buffer.copy())
    buffer[:] = 255
    assert shared.frame.image.min() == 255
    assert copied.frame.image.max() == 0


def test_a_subclass_stays_one_in_its_with_block() -> None:
    class Own(Recognizer):
        def first(self, results: Iterator[Result]) -> Result:
            return next(results)

    with Own(detector="none") as own:
        assert len(own.first(own.stream([np.zeros((60, 80, 3), np.uint8)]))) == 1
