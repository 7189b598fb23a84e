"""Decoded frames are converted as declared, turned upright, and freed after use."""

import gc
import io
import math
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from fer_edge.errors import SourceError
from fer_edge.pictures.picture import decode_picture
from fer_edge.runtime.capture.frame_conversion import FrameConversion
from fer_edge.runtime.capture.video import Video

from ...support.made_videos import make, moving, with_matrix

TURNED = ("-metadata:s:v", "rotate=90")


def frames_alive() -> int:
    return sum(isinstance(each, VideoFrame) for each in gc.get_objects())


@pytest.mark.parametrize("turned", [False, True])
def test_a_frame_is_freed_without_the_collector(tmp_path: Path, *, turned: bool) -> None:
    path = make(tmp_path / "keys.mkv", *moving(1), "-c:v", "libx264", "-g", "1")
    if turned:  # the file then has a display matrix
        path = make(tmp_path / "turned.mp4", "-i", path, "-c", "copy", *TURNED)
    gc.collect()
    before = frames_alive()
    gc.disable()
    try:
        video = Video(path)
        count = sum(1 for _ in video)
        video.close()
        assert count == 25
        # the decoder's last frames are freed with the variables of the loop
        assert frames_alive() - before <= 2
    finally:
        gc.enable()


def images_of(path: Path) -> list[NDArray[np.uint8]]:
    with closing(Video(path)) as video:
        return [frame.image for frame in video]


def colored(matrix: int) -> VideoFrame:
    """Return a frame whose brightness grows to the right, and without color."""
    luma = np.tile(np.linspace(16, 235, 64).astype(np.uint8), (64, 1))
    planes = np.concatenate([luma, np.full((32, 64), 128, np.uint8)])
    frame = VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.colorspace = matrix
    return frame


@pytest.mark.parametrize("matrix", [8, 10, 14, 17])
def test_a_color_matrix_that_ffmpeg_does_not_convert_is_read_as_bt_709(
    matrix: int, caplog: pytest.LogCaptureFixture
) -> None:
    conversion = FrameConversion("a.mp4")
    ours = [conversion.take(colored(matrix), 1).bgr() for _ in range(2)]
    assert np.array_equal(ours[1], FrameConversion("b.mp4").take(colored(1), 1).bgr())
    (message,) = caplog.messages  # once per video
    assert message.startswith("a.mp4: FFmpeg cannot convert its color matrix")


def test_a_pixel_format_that_ffmpeg_does_not_convert_is_one_line() -> None:
    with pytest.raises(SourceError, match=r"a\.nut: FFmpeg cannot convert .* rgb4 .*ffmpeg -i IN"):
        FrameConversion("a.nut").take(VideoFrame(64, 48, "rgb4"), 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_frame_with_exif_is_turned_as_the_picture_is(tmp_path: Path, orientation: int) -> None:
    shades = np.random.default_rng(0).integers(0, 255, (6, 9, 3), np.uint8)
    exif = Image.Exif()
    exif[0x112], exif[0x10F] = orientation, "Camera"  # FFmpeg removes the orientation only
    buffer = io.BytesIO()
    Image.fromarray(shades).resize((90, 60)).save(buffer, "JPEG", exif=exif, quality=95)
    path = tmp_path / "a.mjpeg"
    path.write_bytes(buffer.getvalue() * 2)
    picture = decode_picture(buffer.getvalue(), "picture")
    frames = images_of(path)
    assert [frame.shape for frame in frames] == [picture.shape] * 2
    assert np.abs(frames[0].astype(int) - picture).mean() < 8


@pytest.mark.parametrize("scale", [0.25, 2])
def test_a_rotation_that_also_scales_is_a_rotation(tmp_path: Path, scale: float) -> None:
    plain = make(tmp_path / "plain.mp4", *moving(0.1), "-c:v", "libx264")
    turned = with_matrix(plain, tmp_path / "turned.mp4", (0, scale, -scale, 0))
    assert np.array_equal(images_of(turned)[0], np.rot90(images_of(plain)[0], -1))


@pytest.mark.parametrize("degrees", [30, 45])
def test_an_oblique_rotation_is_ignored_and_said_once(
    tmp_path: Path, degrees: float, caplog: pytest.LogCaptureFixture
) -> None:
    plain = make(tmp_path / "plain.mp4", *moving(0.2), "-c:v", "libx264", "-g", "1")
    x, y = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned = with_matrix(plain, tmp_path / "turned.mp4", (x, y, -y, x))
    assert np.array_equal(images_of(turned), images_of(plain))
    (message,) = caplog.messages
    assert "not a multiple of 90 degrees" in message
