"""Videos of many codecs and containers, all made here by ffmpeg."""

import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from fer_edge.errors import SourceError
from fer_edge.runtime.capture.decoded_image import DecodedImage
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.capture.video import Video
from tests.support.clear_line import assert_one_clear_line

from ...support.gray_frames import gray_of
from ...support.made_pictures import encode
from ...support.made_videos import (
    SIZE,
    decoded_by_ffmpeg,
    ffmpeg,
    make,
    moving,
    tone,
    with_matrix,
)

Invoke = Callable[..., Result]

INTERLACED = ("-flags", "+ilme+ildct", "-top", "1", "-field_order", "tt")
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


def frames_of(path: Path, **options: object) -> list[Frame]:
    source = Video(path, **options)  # type: ignore[arg-type]
    frames = list(source)
    source.close()
    return frames


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours.astype(int) - theirs.astype(int)).mean())


def gray(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


KINDS = {
    "progressive.mp4": (*moving(), *H264),
    "b-frames.mkv": (*moving(), *H264, "-bf", "3", "-g", "30"),
    "interlaced.mp4": (*moving(), *H264, "-x264-params", "tff=1"),
    "interlaced.ts": (*moving(), *H264, "-x264-params", "tff=1"),
    "interlaced-mpeg2.mpg": (*moving(), "-c:v", "mpeg2video", *INTERLACED, "-q:v", "2"),
    "interlaced-mpeg2.ts": (*moving(), "-c:v", "mpeg2video", *INTERLACED, "-q:v", "2"),
    "interlaced-prores.mov": (*moving(), "-c:v", "prores_ks", *INTERLACED, "-vf", "setfield=tff"),
    "ten-bits.mkv": (*moving(), "-c:v", "libx265", "-pix_fmt", "yuv420p10", "-x265-params",
                     "log-level=none"),
    "full-range.mp4": (*moving(), "-c:v", "libx264", "-pix_fmt", "yuvj420p"),
    "vp9.webm": (*moving(0.5), "-c:v", "libvpx-vp9", "-deadline", "realtime"),
    "motion-jpeg.avi": (*moving(), "-c:v", "mjpeg", "-q:v", "2"),
    "sound-is-longer.mkv": (*moving(), *tone(6), *H264),
    "sound-is-longer.ts": (*moving(), *tone(6), *H264),
    "sound-is-longer.flv": (*moving(), *tone(6), "-c:v", "flv1", "-ar", "44100"),
    "sound-is-longer.webm": (*moving(1), *tone(6), "-c:v", "libvpx", "-c:a", "libvorbis"),
    "sound-is-first.mkv": ("-itsoffset", "3", *moving(), *tone(5), *H264),
    "sound-is-first.flv": ("-itsoffset", "3", *moving(), *tone(5), "-c:v", "flv1", "-ar", "44100"),
    "sound-is-shorter.mp4": (*moving(), *tone(0.5), *H264),
    "odd-size.mkv": (*moving(size="151x97"), "-c:v", "ffv1"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_as_ffmpeg_decodes_it_also_after_another_file(
    tmp_path: Path, kind: str
) -> None:
    size = (151, 97) if kind == "odd-size.mkv" else SIZE
    other = make(tmp_path / "other.mp4", "-f", "lavfi", "-t", "1", "-i", "testsrc=size=160x128",
                 *H264)  # fmt: skip
    path = make(tmp_path / kind, *KINDS[kind])
    theirs = decoded_by_ffmpeg(path, size)
    assert len(frames_of(other)) == 25
    ours = frames_of(path)
    assert len(ours) == len(theirs) > 0
    half = (size[0] // 2, size[1] // 2)
    for frame, expected in zip(ours, theirs, strict=True):
        assert isinstance(frame.pixels, DecodedImage)
        small = frame.pixels.resized(*half)
        shrunk = cv2.resize(frame.image, half, interpolation=cv2.INTER_AREA)
        # in gray: the test picture's colors change with each pixel, and chroma has half the size
        assert small is not None
        assert difference(gray(small), gray(shrunk)) <= (4 if "interlaced" in kind else 1)
        assert difference(gray_of(frame), gray(frame.image)) <= 1.5
        # ffmpeg 5 treats the chroma of two fields as that of one frame, and rounds 10 bits
        # differently
        if "interlaced" in kind or "ten-bits" in kind:
            assert difference(gray(frame.image), gray(expected)) <= 1.5
        else:
            assert difference(frame.image, expected) <= 1.0
    # so that a decoder that repeats one frame, or returns stale memory, fails this test
    assert difference(theirs[0], theirs[-1]) > 10
    times_s = [frame.time_s for frame in ours]
    assert times_s[0] == 0
    steps_s = np.diff(times_s)
    assert steps_s == pytest.approx(np.full(len(steps_s), 0.04), abs=0.003)


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_video_trimmed_without_encoding_has_the_frames_that_a_player_shows(
    tmp_path: Path, suffix: str
) -> None:
    whole = make(tmp_path / "whole.mp4", *moving(4), *H264, "-g", "100")
    path = make(tmp_path / f"trimmed.{suffix}", "-ss", "2.5", "-i", whole, "-c", "copy")
    theirs = decoded_by_ffmpeg(path)
    source = Video(path)
    ours = list(source)
    assert abs(source.length - len(ours)) <= 3
    source.close()
    assert len(ours) == len(theirs) < 50
    assert difference(ours[0].image, theirs[0]) <= 1


@pytest.mark.parametrize(
    ("aspect", "width"), [("64/45", 228), ("2", 320), ("1/2", 80), ("8/9", 142), ("1", 160)]
)
def test_pixels_that_are_not_square_are_made_square(
    tmp_path: Path, aspect: str, width: int
) -> None:
    path = make(tmp_path / "clip.mp4", *moving(0.2), "-vf", f"setsar={aspect}", *H264)
    frame = frames_of(path)[0]
    assert frame.shape == frame.image.shape == (128, width, 3)
    assert gray_of(frame).shape == (128, width)


def test_a_pixel_aspect_can_be_given_and_an_impossible_one_is_not_believed(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain.mp4", *moving(0.2), *H264)
    assert frames_of(plain, pixel_aspect=Fraction(16, 15))[0].image.shape == (128, 171, 3)
    absurd = make(tmp_path / "absurd.mkv", *moving(0.2), "-vf", "setsar=1/999", *H264)
    assert frames_of(absurd)[0].image.shape == (128, 160, 3)


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "avi"])
def test_a_varying_rate_is_kept_in_lines_and_in_the_video(
    tmp_path: Path, fer_edge: Invoke, suffix: str
) -> None:
    speed = "setpts='if(lt(N,15),N,15+(N-15)*5)/25/TB'"
    path = make(tmp_path / "in.mkv", *moving(1), "-vf", speed, "-vsync", "vfr", *H264)
    out = tmp_path / f"out.{suffix}"
    result = fer_edge("run", "--input", path, "--detector", "none", "--video", out)
    assert result.exit_code == 0, result.stderr
    times_s = [json.loads(line)["time_s"] for line in result.stdout.splitlines()]
    expected_s = [n / 25 if n < 15 else (15 + (n - 15) * 5) / 25 for n in range(25)]
    assert times_s == pytest.approx(expected_s, abs=0.002)
    # an .avi has no times but a frame rate: a frame may be half an interval early or late
    within = 0.03 if suffix == "avi" else 0.002
    assert [frame.time_s for frame in frames_of(out)] == pytest.approx(expected_s, abs=within)


@pytest.mark.parametrize(("every_s", "indices"), [(0.5, [0, 13, 25, 38]), (0.01, range(50))])
def test_one_frame_in_so_many_seconds_can_be_read(
    tmp_path: Path, every_s: float, indices: list[int]
) -> None:
    path = make(tmp_path / "a.mkv", *moving(2), *H264)
    source = Video(path, every_s=every_s)
    frames = list(source)
    source.close()
    assert [frame.index for frame in frames] == list(indices)
    assert [frame.time_s for frame in frames] == pytest.approx([i / 25 for i in indices], abs=2e-3)
    assert source.length == len(frames)


RAW = {
    "raw.h264": (*H264, "-f", "h264"),
    "raw.264": (*H264, "-f", "h264"),
    "raw.h265": ("-c:v", "libx265", "-x265-params", "log-level=none", "-f", "hevc"),
    "raw.mjpeg": ("-c:v", "mjpeg", "-f", "mjpeg"),
    "raw.m4v": ("-c:v", "mpeg4", "-f", "m4v"),
}


@pytest.mark.parametrize("name", RAW)
def test_a_raw_file_has_the_rate_that_is_given(tmp_path: Path, fer_edge: Invoke, name: str) -> None:
    path = make(tmp_path / name, *moving(1, 20), *RAW[name])
    result = fer_edge("run", "--input", path, "--detector", "none", "--fps", "40")
    assert result.exit_code == 0, result.stderr
    times_s = [json.loads(line)["time_s"] for line in result.stdout.splitlines()]
    assert times_s == pytest.approx([n / 40 for n in range(20)], abs=1e-3)


@pytest.mark.parametrize("name", ["raw.h264", "raw.h265"])
def test_a_raw_file_has_its_streams_own_rate_where_it_declares_one(
    tmp_path: Path, name: str
) -> None:
    path = make(tmp_path / name, *moving(1, 20), *RAW[name])
    assert frames_of(path)[-1].time_s == pytest.approx(19 / 20)


def test_fps_for_a_file_with_a_clock_is_one_line(tmp_path: Path, fer_edge: Invoke) -> None:
    path = make(tmp_path / "a.mp4", *moving(0.2), *H264)
    result = fer_edge("run", "--input", path, "--fps", "40")
    assert result.exit_code == 2  # a service would fail for ever
    assert_one_clear_line(result, "has its own time stamps", "--fps is for raw")


TURNS = {
    "upright": ((1, 0, 0, 1), lambda image: image),
    "clockwise": ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    "upside-down": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "counterclockwise": ((0, -1, 1, 0), lambda image: np.rot90(image)),
    "mirrored": ((-1, 0, 0, 1), np.fliplr),
    "flipped": ((1, 0, 0, -1), np.flipud),
    "transposed": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    "transposed-and-turned": ((0, -1, -1, 0), lambda i: np.rot90(i.transpose(1, 0, 2), 2)),
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_video_is_turned_and_mirrored_as_a_player_shows_it(tmp_path: Path, turn: str) -> None:
    path = make(tmp_path / "phone.mp4", *moving(0.2), *H264)
    (plain,) = (frame.image for frame in frames_of(path)[:1])
    matrix, expected = TURNS[turn]
    turned = with_matrix(path, tmp_path / "turned.mp4", matrix)
    assert np.array_equal(frames_of(turned)[0].image, expected(plain))


def test_two_recordings_joined_have_one_clock(tmp_path: Path) -> None:
    for name, offset in (("a.ts", "5"), ("b.ts", "0"), ("c.ts", "7000")):
        make(tmp_path / name, *moving(0.4), *H264, "-output_ts_offset", offset)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join((tmp_path / n).read_bytes() for n in ("a.ts", "b.ts", "c.ts")))
    times_s = [frame.time_s for frame in frames_of(joined)]
    assert len(times_s) >= 28
    assert (np.diff(times_s) > 0).all()
    assert times_s[-1] < 2


def test_what_was_not_received_is_skipped_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = make(tmp_path / "a.ts", *moving(3), *H264, "-g", "25", "-bf", "0")
    packets = [path.read_bytes()[i : i + 188] for i in range(0, path.stat().st_size, 188)]
    middle = len(packets) // 2
    path.write_bytes(b"".join(packets[: middle - 3] + packets[middle + 3 :]))
    theirs = decoded_by_ffmpeg(path)
    ours = frames_of(path)
    assert len(ours) < 75 or not caplog.records
    for frame in ours:
        assert min(difference(frame.image, image) for image in theirs) < 1
    if len(ours) < len(theirs):
        assert "or more damaged frames were skipped" in caplog.text


def test_a_gap_in_an_avi_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = make(tmp_path / "a.avi", *moving(3), "-c:v", "mjpeg")
    assert len(frames_of(path)) == 75
    assert not caplog.records
    data = bytearray(path.read_bytes())
    middle, length = len(data) // 2, len(data) // 20
    data[middle : middle + length] = bytes(length)
    path.write_bytes(data)
    assert len(frames_of(path)) < 74
    assert "frames are missing, and times after them are too early" in caplog.text


@pytest.mark.parametrize("suffix", ["mjpeg", "avi", "mkv"])
def test_a_jpeg_cut_short_in_a_video_is_skipped_and_said(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    jpegs = [encode(Image.effect_noise((96, 64), 10 + n), "JPEG") for n in range(6)]
    jpegs[2] = jpegs[2][: len(jpegs[2]) // 2]
    jpegs[4] = jpegs[4][:-2]  # without an end mark it is whole: some cameras omit it
    raw = tmp_path / "raw.mjpeg"
    raw.write_bytes(b"".join(jpegs))
    path = raw if suffix == "mjpeg" else make(tmp_path / f"a.{suffix}", "-i", raw, "-c", "copy")
    assert len(frames_of(path)) == 5
    assert "1 or more damaged frames were skipped" in caplog.text


def test_the_cover_of_a_song_is_not_a_video(tmp_path: Path) -> None:
    cover = tmp_path / "cover.jpg"
    make(cover, *moving(0.04), "-frames:v", "1")
    song = make(tmp_path / "song.mp4", *tone(1), "-i", cover, "-map", "0", "-map", "1", "-c:v",
                "mjpeg", "-disposition:v:0", "attached_pic")  # fmt: skip
    with pytest.raises(SourceError, match="has no video stream; expected a video, got audio"):
        open_source(song)
    plain = make(tmp_path / "song.wav", *tone(1))
    with pytest.raises(SourceError, match="got audio"):
        open_source(plain)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{place}\n",
        "ffconcat version 1.0\nfile {place}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
    ],
)
@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.sdp"])
def test_a_file_does_not_make_us_open_another_file_or_address(
    tmp_path: Path, text: str, name: str
) -> None:
    secret = make(tmp_path / "secret.ts", *moving(0.2), *H264)
    for place in ("http://127.0.0.1:9/a.ts", secret):
        (tmp_path / name).write_text(text.format(place=place))
        with pytest.raises(SourceError, match="neither a picture nor a video"):
            open_source(tmp_path / name)


def test_the_decoders_of_a_host_program_are_left_alone(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4", *moving(0.2), *H264)
    level = av.logging.get_level()
    frames_of(path)
    assert av.logging.get_level() == level


def test_damage_is_not_printed_by_ffmpeg(tmp_path: Path) -> None:
    path = make(tmp_path / "a.ts", *moving(1), *H264)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = np.random.default_rng(0).bytes(
        len(data) // 2 - len(data) // 3
    )
    path.write_bytes(data)
    command = [sys.executable, "-m", "fer_edge", "run", "--input", path, "--detector", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert all(line.startswith("fer-edge: ") for line in done.stderr.splitlines()), done.stderr
    assert done.stdout


def test_the_ffmpeg_program_is_the_reference_here() -> None:
    assert b"ffmpeg version" in ffmpeg("-version")
