from contextlib import closing
from pathlib import Path

import pytest

from fer_edge.runtime.capture.video import Video
from fer_edge.runtime.timing.frame_seconds import FrameSeconds

from ...support.made_videos import make, moving
from ...support.results import File, Live


def test_a_frame_stands_until_the_next_one() -> None:
    seconds = FrameSeconds(0.1)
    assert [seconds.next(time_s) for time_s in (0.0, 0.1, 4.1)] == pytest.approx([0.0, 0.1, 4.0])
    assert seconds.last() == 0.1


def test_a_gap_of_a_live_source_counts_as_a_second_and_a_clock_that_goes_back_as_nothing() -> None:
    seconds = FrameSeconds(0.1, is_live=True)
    assert [seconds.next(time_s) for time_s in (0.0, 50.0, 20.0)] == [0.0, 1.0, 0.0]


def test_where_frames_are_seconds_apart_by_choice_they_stand_for_them() -> None:
    seconds = FrameSeconds(5.0, is_live=True)
    assert [seconds.next(time_s) for time_s in (0.0, 5.0, 60.0)] == [0.0, 5.0, 10.0]


@pytest.mark.parametrize(
    ("length_s", "last_s"),
    [(None, 3.0), (4.0, 1.0), (30.0, 3.0), (2.5, 3.0)],  # 2.5: the header is wrong
)
def test_the_last_frame_does_not_outlast_the_video(length_s: float | None, last_s: float) -> None:
    seconds = FrameSeconds(3.0, length_s=lambda: length_s)
    seconds.next(0.0)
    seconds.next(3.0)
    assert seconds.last() == last_s


def test_no_frame_has_no_duration() -> None:
    assert FrameSeconds(0.1).last() == 0.0


def test_a_source_gives_its_rate() -> None:
    seconds = FrameSeconds.of(Live(frame_rate_hz=0.5))
    assert [seconds.next(time_s) for time_s in (0.0, 3.0, 60.0)] == [0.0, 3.0, 4.0]
    assert FrameSeconds.of(File()).last() == 0.0


LATE = ("-output_ts_offset", "100")
VIDEOS = {
    "late.mkv": ((*moving(1), "-c:v", "libx264", *LATE), 1.0),  # the file declares its end
    "raw.mjpeg": ((*moving(1), "-c:v", "mjpeg", "-f", "mjpeg"), 1.0),  # it declares nothing
    "a.gif": ((*moving(1, 10),), 1.0),
}


@pytest.mark.parametrize("name", VIDEOS)
@pytest.mark.parametrize("every_s", [0.0, 0.4, 60.0])
def test_the_frames_of_a_file_add_up_to_its_length(
    tmp_path: Path, name: str, every_s: float
) -> None:
    arguments, length_s = VIDEOS[name]
    assert added_up(make(tmp_path / name, *arguments), every_s) == pytest.approx(length_s, abs=2e-3)


def test_two_recordings_joined_add_up_to_both(tmp_path: Path) -> None:
    one = make(tmp_path / "one.ts", *moving(1), "-c:v", "libx264")
    both = tmp_path / "both.ts"  # FFmpeg declares the length of the last one
    both.write_bytes(one.read_bytes() * 2)
    assert added_up(both, 60.0) == pytest.approx(2.0, abs=0.1)


def test_the_length_of_a_matroska_video_that_starts_late_is_not_its_end(tmp_path: Path) -> None:
    path = make(tmp_path / "late.mkv", *moving(1), "-c:v", "libx264", *LATE)
    video = Video(path)
    video.close()
    assert video.length_s == pytest.approx(1.0, abs=0.05)


def added_up(path: Path, every_s: float) -> float:
    with closing(Video(path, every_s=every_s)) as video:
        seconds = FrameSeconds.of(video)
        return sum(seconds.next(frame.time_s) for frame in video) + seconds.last()
