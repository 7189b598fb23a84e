import resource
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from fer_edge.errors import ConfigError, OutputError
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.drawing.annotation import annotate
from fer_edge.runtime.publish.files.animation import Animation
from fer_edge.runtime.publish.pipeline import run_to_end
from fer_edge.runtime.recognition.result import Result

from ...support.results import File, make_face, make_result


class Folder(File):
    is_video = False


def moving(index: int, size: tuple[int, int] = (120, 160)) -> NDArray[np.uint8]:
    """Return frame `index` of a disk that moves over a static horizontal gradient."""
    height, width = size
    image = np.repeat(np.linspace(40, 200, width).astype(np.uint8)[None, :, None], height, 0)
    image = np.repeat(image, 3, 2)
    rows, columns = np.mgrid[:height, :width]
    ball = (rows - height // 2) ** 2 + (columns - 20 - 4 * index) ** 2 < 200
    image[ball] = (30, 60, 220)
    return image


def results(
    count: int, *, rate_hz: float = 30.0, size: tuple[int, int] = (120, 160)
) -> list[Result]:
    return [
        Result(Frame(moving(i, size), i, i / rate_hz, "clip"), (make_face(),)) for i in range(count)
    ]


def written(path: Path) -> tuple[list[NDArray[np.uint8]], list[int]]:
    with Image.open(path) as gif:
        frames = [frame.copy() for frame in ImageSequence.Iterator(gif)]
    return (
        [np.asarray(frame.convert("RGB"))[..., ::-1] for frame in frames],
        [frame.info["duration"] for frame in frames],
    )


def make(path: Path, count: int, **options: float) -> None:
    source = File(results(count))
    sink = Animation(path, source, **options)  # type: ignore[arg-type]
    for result in results(count):
        sink.write(result)
    sink.close(complete=True)


def test_it_shows_what_was_seen_at_ten_frames_a_second(tmp_path: Path) -> None:
    make(tmp_path / "a.gif", 30)
    frames, durations_ms = written(tmp_path / "a.gif")
    assert durations_ms == [100] * 10
    for number, frame in enumerate(frames):
        seen = results(30)[3 * number]
        expected = annotate(seen.frame.image, seen.faces)
        assert np.abs(frame.astype(int) - expected).mean() < 6


def test_it_is_small(tmp_path: Path) -> None:
    make(tmp_path / "a.gif", 90)
    raw = sum(result.frame.image.size for result in results(90)[::3])
    assert (tmp_path / "a.gif").stat().st_size < raw / 15


def test_it_is_there_when_its_seconds_are_over_and_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    sink = Animation(path, File(results(1)), seconds=0.5)
    for result in results(16):
        sink.write(result)
    assert len(written(path)[0]) == 5
    before = path.read_bytes()
    for result in results(30)[16:]:
        sink.write(result)
    sink.close(complete=False)  # a later failure does not delete the file
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.gif"]


def test_a_run_that_fails_earlier_leaves_none(tmp_path: Path) -> None:
    sink = Animation(tmp_path / "a.gif", File(results(1)))
    sink.write(results(1)[0])
    sink.close(complete=False)
    assert list(tmp_path.iterdir()) == []


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    Animation(tmp_path / "a.gif", File()).close(complete=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "expected"), [((120, 160), (60, 80)), ((160, 120), (80, 60)), ((30, 40), (30, 40))]
)
def test_its_longer_side_is_bounded(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    sink = Animation(tmp_path / "a.gif", File(), width_px=80)
    for result in results(4, size=size):
        sink.write(result)
    sink.close(complete=True)
    assert written(tmp_path / "a.gif")[0][0].shape[:2] == expected


def test_pictures_of_several_sizes_stand_for_a_second_each(tmp_path: Path) -> None:
    sink = Animation(tmp_path / "a.gif", Folder())
    for index, size in enumerate([(40, 60), (60, 40), (200, 20)]):
        sink.write(make_result(index=index, size=size))
    sink.close(complete=True)
    frames, durations_ms = written(tmp_path / "a.gif")
    assert [frame.shape for frame in frames] == [(40, 60, 3)] * 3
    assert durations_ms == [1000] * 3


def test_what_does_not_fit_into_memory_is_refused(tmp_path: Path) -> None:
    sink = Animation(tmp_path / "a.gif", File(), seconds=60, width_px=1280)
    with pytest.raises(OutputError, match=r"60 s of 1280x720 pixels need 1055 MiB .* --gif-width"):
        sink.write(make_result(size=(1440, 2560)))
    sink.close(complete=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [0.5, 10.0])  # shorter and longer than the source
def test_a_full_disk_is_one_line_and_leaves_no_file(tmp_path: Path, seconds: float) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))  # the kernel refuses to write more
    try:
        source = File(results(30))
        with pytest.raises(OutputError, match=r"cannot write .*a\.gif: .*; free some space there"):
            run_to_end(
                *(source, source),
                [lambda: Animation(tmp_path / "a.gif", source, seconds=seconds)],
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"a name that ends in \.gif"):
        Animation(tmp_path / "a.mp4", File())
