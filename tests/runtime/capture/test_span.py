"""Spans of a video: together they have all its frames."""

from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.span import WHOLE, Span
from fer_edge.runtime.capture.video import Video
from tests.support.made_videos import make, moving, tone


def frames_of(path: Path, span: Span = WHOLE, every_s: float = 0.0) -> list[Frame]:
    return list(Video(path, span=span, every_s=every_s, decoder_threads=1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("h264.mp4", ("-c:v", "libx264", "-g", "30", "-bf", "2")),
        ("one-key-frame.mp4", ("-c:v", "libx264", "-g", "999")),
        ("vp9.mkv", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-g", "20")),
        ("mpeg4.avi", ("-c:v", "mpeg4",)),
        ("broadcast.ts", ("-c:v", "mpeg2video",)),
        ("animated.gif", ()),
        ("raw.h264", ("-c:v", "libx264",)),
    ],
)  # fmt: skip
def test_spans_have_the_frames_of_the_whole_video(
    tmp_path: Path, name: str, codec: tuple[str, ...]
) -> None:
    path = make(tmp_path / name, *moving(4), *codec)
    whole = frames_of(path)
    parts = [Span(0, 1.5), Span(1.5, 3.02), Span(3.02), Span(60)]
    frames = [frame for part in parts for frame in frames_of(path, part)]
    assert [frame.time_s for frame in frames] == [frame.time_s for frame in whole]
    for part, frame in zip(frames, whole, strict=True):
        assert np.array_equal(part.image, frame.image)


def test_a_recording_that_starts_late_and_has_sound_is_cut_by_its_own_clock(tmp_path: Path) -> None:
    late = ("-output_ts_offset", "7", "-c:v", "libx264", "-g", "10", "-c:a", "aac")
    path = make(tmp_path / "late.mkv", *moving(3), *tone(3), *late)
    times = [frame.time_s for frame in frames_of(path, Span(1, 2))]
    assert times == pytest.approx(np.arange(25, 50) / 25, abs=2e-3)


def test_a_span_names_the_time_of_the_frame_after_it(tmp_path: Path) -> None:
    path = make(tmp_path / "clip.mp4", *moving(3), "-c:v", "libx264", "-g", "10")
    for every_s, next_s in ((0.0, 1.52), (0.7, 2.1)):
        video = Video(path, span=Span(0, 1.5), every_s=every_s)
        assert video.next_s is None
        assert list(video)[-1].time_s < 1.5
        assert video.next_s == pytest.approx(next_s)
    to_the_end = Video(path, span=Span(1.5))
    assert list(to_the_end)
    assert to_the_end.next_s is None


def test_a_segment_of_a_recording_starts_at_its_own_time(tmp_path: Path) -> None:
    path = make(tmp_path / "part.mkv", *moving(3), "-c:v", "libx264", "-output_ts_offset", "10")
    assert len(frames_of(path)) == 75
    data = path.read_bytes()
    path.write_bytes(data[: int(0.6 * len(data))])
    with pytest.raises(SourceError, match=r"truncated: it declares 3\.0 s and ends after [012]\."):
        frames_of(path)


def test_one_frame_in_so_many_seconds_is_the_same_in_a_span(tmp_path: Path) -> None:
    path = make(tmp_path / "clip.mp4", *moving(5), "-c:v", "libx264", "-g", "10")
    whole = [frame.time_s for frame in frames_of(path, every_s=0.5)]
    parts = [Span(0, 2), Span(2, 3.7), Span(3.7)]
    spans = [frame.time_s for part in parts for frame in frames_of(path, part, every_s=0.5)]
    assert spans == whole


@pytest.mark.parametrize(
    ("name", "can_seek"), [("a.mp4", True), ("a.ts", False), ("a.h264", False)]
)
def test_only_files_with_one_clock_are_searched(tmp_path: Path, name: str, can_seek: bool) -> None:
    path = make(tmp_path / name, *moving(1), "-c:v", "libx264")
    video = Video(path)
    video.close()
    assert video.can_seek is can_seek
