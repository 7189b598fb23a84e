"""Videos that were trimmed, joined, packaged or copied into another container without encoding."""

from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import SourceError
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.presentation_clock import PresentationClock
from fer_edge.runtime.capture.span import Span
from fer_edge.runtime.capture.video import Video

from ...support.made_videos import SIZE, make, moving, with_matrix

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
CLOCKWISE = (0, 1, -1, 0)


def frames_of(path: Path, **options: object) -> list[Frame]:
    source = Video(path, **options)  # type: ignore[arg-type]
    frames = list(source)
    source.close()
    return frames


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    """A rotated video whose only key frame is its first frame."""
    plain = make(tmp_path / "plain.mp4", *moving(4), *H264, "-g", "999")
    return with_matrix(plain, tmp_path / "rotated.mp4", CLOCKWISE)


def test_a_rotated_video_that_was_trimmed_is_upright(tmp_path: Path, rotated: Path) -> None:
    path = make(tmp_path / "trimmed.mp4", "-ss", "1", "-i", rotated, "-c", "copy")
    frames = frames_of(path)
    assert 70 <= len(frames) <= 76
    assert {frame.shape for frame in frames} == {(*SIZE, 3)}


@pytest.mark.parametrize("options", [{"span": Span(2, 3)}, {"every_s": 1.5}])
def test_a_part_of_a_rotated_video_is_upright(rotated: Path, options: dict[str, object]) -> None:
    whole = {frame.time_s: frame.image for frame in frames_of(rotated)}
    part = frames_of(rotated, **options)
    assert len(part) >= 3
    for frame in part:
        assert np.array_equal(frame.image, whole[frame.time_s])


@pytest.mark.parametrize("suffix", ["avi", "asf"])
@pytest.mark.parametrize("codec", [("libx264", "-bf", "3"), ("mpeg4", "-bf", "2")])
def test_b_frames_are_in_time_in_containers_without_their_times(
    tmp_path: Path, suffix: str, codec: tuple[str, ...]
) -> None:
    path = make(tmp_path / f"clip.{suffix}", *moving(2), "-c:v", *codec, "-pix_fmt", "yuv420p")
    times_s = [frame.time_s for frame in frames_of(path)]
    assert len(times_s) == 50
    assert times_s == pytest.approx([index / 25 for index in range(50)], abs=0.045)
    half = [frame.time_s for frame in frames_of(path, span=Span(1, 9))]
    assert half == pytest.approx(times_s[-len(half) :], abs=0.005)
    assert len(half) in (24, 25, 26)


def test_inexact_time_stamps_do_not_add_up() -> None:
    clock = PresentationClock(25)
    stamps_s = [i / 25 + (0.05 if i % 6 == 5 else 0) for i in range(600)]
    times_s = [clock.time_s(stamp) for stamp in stamps_s]
    assert times_s == sorted(times_s)
    assert np.abs(np.subtract(times_s, stamps_s)).max() < 0.05


@pytest.mark.parametrize(
    ("rate_hz", "stamps_s"),
    [(25, [0, 0.04, 0.08, 0.12, 0.16]), (2, [0, 0.5, 1]), (0.1, [0, 10, 20]), (0.5, [0, 2, 4])],
)
def test_short_recordings_that_are_joined_do_not_stop_the_clock(
    rate_hz: float, stamps_s: list[float]
) -> None:
    clock = PresentationClock(rate_hz)
    times_s = [clock.time_s(stamp) for _ in range(4) for stamp in stamps_s]
    expected = np.arange(len(times_s)) / rate_hz
    assert np.abs(times_s - expected).max() <= 1 / rate_hz + 1e-9
    assert times_s[-1] == pytest.approx(expected[-1])


def test_the_pixel_aspect_of_a_broadcast_may_change(tmp_path: Path) -> None:
    parts = []
    for name, aspect in (("a.ts", "12/11"), ("b.ts", "16/11")):
        codec = ("-c:v", "mpeg2video", "-vf", f"scale=176:144,setsar={aspect}")
        parts.append(make(tmp_path / name, *moving(1), *codec).read_bytes())
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(parts))
    widths = [frame.shape[1] for frame in frames_of(joined)]
    assert widths == sorted(widths)
    assert set(widths) == {192, 256}
    assert widths.count(192) in (23, 24, 25)  # the codec reads ahead
    late = frames_of(joined, span=Span(1.5, 1.8))
    assert {frame.shape[1] for frame in late} == {256}


@pytest.mark.parametrize("kind", ["dash", "hls"])
def test_segments_of_a_recording_are_whole(tmp_path: Path, kind: str) -> None:
    split = {
        "dash": ("-seg_duration", "1", "-f", "dash"),
        "hls": ("-hls_time", "1", "-hls_segment_type", "fmp4", "-f", "hls"),
    }[kind]
    make(tmp_path / "list", *moving(5), *H264, "-g", "25", *split)
    head = next(path for path in sorted(tmp_path.iterdir()) if "init" in path.name)
    segments = sorted(p for p in tmp_path.iterdir() if p.suffix == ".m4s" and "init" not in p.name)
    path = tmp_path / "late.mp4"
    path.write_bytes(b"".join(part.read_bytes() for part in (head, *segments[2:4])))
    frames = frames_of(path)
    assert len(frames) == 50
    assert frames[0].time_s == 0
    # one that is cut is still noticed, if the header declares its length
    make(tmp_path / "whole.mp4", *moving(5), *H264, "-movflags", "faststart")
    whole = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match="is truncated"):
        frames_of(tmp_path / "cut.mp4")
