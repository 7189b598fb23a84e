from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, SourceError
from fer_edge.pictures.picture import read_picture
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.opening import open_camera, open_source
from fer_edge.runtime.capture.pixels import as_bgr
from tests.support.clip import CLIP_FRAMES


def frames_of(path: Path) -> list[Frame]:
    source = open_source(path)
    try:
        return list(source)
    finally:
        source.close()


def test_a_picture_is_one_frame(picture: Path) -> None:
    (frame,) = frames_of(picture)
    assert frame.image.shape == (60, 80, 3)
    assert np.array_equal(frame.image, cv2.imread(str(picture)))
    assert (frame.index, frame.time_s, frame.name) == (0, 0.0, str(picture))


def test_a_folder_is_its_pictures_in_the_order_of_their_names(tmp_path: Path) -> None:
    for number, name in enumerate(["b.png", "a.PNG", "deep/er/c.jpg", "a b\nc.png", "ü.bmp"]):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ok, data = cv2.imencode(path.suffix, np.full((4, 4), number, np.uint8))
        assert ok
        path.write_bytes(data.tobytes())
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "notes.txt").write_text("no picture")
    source = open_source(tmp_path)
    assert (source.length, source.is_video) == (5, False)
    frames = list(source)
    names = [str(Path(frame.name).relative_to(tmp_path)) for frame in frames]
    assert names == ["a b\nc.png", "a.PNG", "b.png", "deep/er/c.jpg", "ü.bmp"]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [3, 1, 0, 2, 4]


def test_a_video_is_every_frame_in_order_by_its_clock(clip: Path) -> None:
    source = open_source(clip)
    assert (source.is_video, source.frame_rate_hz, source.length) == (True, 8.0, CLIP_FRAMES)
    frames = list(source)
    source.close()
    assert [frame.index for frame in frames] == list(range(CLIP_FRAMES))
    assert [frame.time_s for frame in frames] == pytest.approx([i / 8 for i in range(CLIP_FRAMES)])
    assert [frame.image.mean() for frame in frames] == pytest.approx(
        [70 + 10 * i for i in range(CLIP_FRAMES)], abs=2
    )


@pytest.mark.parametrize(
    "stored",
    [
        np.full((5, 7), 200, np.uint8),
        np.full((5, 7), 200 * 257, np.uint16),
        np.full((5, 7, 3), 200, np.uint8),
        np.full((5, 7, 3), 200 * 257, np.uint16),
        np.full((5, 7, 4), 200, np.uint8),
    ],
    ids=["gray", "gray 16 bit", "color", "color 16 bit", "transparent"],
)
def test_any_png_is_read_as_bgr_of_8_bits(tmp_path: Path, stored: NDArray[np.uint8]) -> None:
    cv2.imwrite(str(tmp_path / "x.png"), stored)
    image = read_picture(tmp_path / "x.png")
    assert (image.shape, image.dtype) == ((5, 7, 3), np.uint8)
    assert (image == 200).all()


@pytest.mark.parametrize(
    "name", ["name with spaces.png", "new\nline.png", "ünïcode ☺.png", "%d.png"]
)
def test_any_file_name_will_do(tmp_path: Path, picture: Path, name: str) -> None:
    (tmp_path / name).write_bytes(picture.read_bytes())
    assert frames_of(tmp_path / name)[0].name == str(tmp_path / name)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_picture_cut_short_is_refused(picture: Path, suffix: str, share: float) -> None:
    data = cv2.imencode(suffix, cv2.imread(str(picture)))[1].tobytes()
    cut = picture.with_suffix(suffix)
    cut.write_bytes(data[: int(share * len(data))])
    with pytest.raises(SourceError, match=r"truncated|cannot be decoded"):
        frames_of(cut)


def test_the_end_of_a_thumbnail_is_not_the_end_of_its_jpeg(picture: Path) -> None:
    data = cv2.imencode(".jpg", cv2.imread(str(picture)))[1].tobytes()
    segment = b"\xff\xe1\x00\x0c" + b"\xff\xd8thumb\xff\xd9" + b"\x00" + b"\xff"
    photo = data[:2] + segment + data[2:]
    path = picture.with_suffix(".jpg")
    path.write_bytes(photo + b"\xff\xdaa film behind the photograph")
    assert read_picture(path).shape == (60, 80, 3)
    path.write_bytes(photo[: len(photo) // 2])
    with pytest.raises(SourceError, match="truncated"):
        read_picture(path)


def test_a_picture_with_a_flipped_byte_is_refused_or_read(picture: Path) -> None:
    data = picture.read_bytes()
    refused = 0
    for place in range(0, len(data), len(data) // 40):
        flipped = bytearray(data)
        flipped[place] ^= 0xFF
        picture.write_bytes(bytes(flipped))
        try:
            frames_of(picture)
        except SourceError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_a_video_cut_short_is_refused_after_its_last_frame(
    clip: Path, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: int(share * len(data))])
    source, seen = open_source(clip), 0
    with pytest.raises(SourceError, match="truncated"):
        for _ in source:
            seen += 1
    source.close()
    assert seen < CLIP_FRAMES
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("missing.jpg", None, "does not exist"),
        ("missing", None, "does not exist"),
        ("empty.jpg", b"", "is empty"),
        ("empty.mp4", b"", "is empty"),
        ("text.jpg", b"hello\n" * 99, "is not a supported picture"),
        ("text.mp4", b"hello\n" * 99, "neither a picture nor a video"),
        ("text.txt", b"hello\n" * 99, "neither a picture nor a video"),
        ("zeros.avi", bytes(5000), "neither a picture nor a video"),
        ("img_001.dat", b"hello", "neither a picture nor a video"),
    ],
)
def test_what_is_neither_picture_nor_video_is_refused(
    tmp_path: Path,
    name: str,
    content: bytes | None,
    word: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        frames_of(path)
    assert word in str(caught.value)
    assert str(path) in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceError, match=r"no readable picture, but 1 \.txt; expected "):
        open_source(tmp_path)


@pytest.mark.parametrize("shape", [(0, 0, 3), (0, 4, 3), (4, 4, 2), (4,), (1, 4, 4, 3)])
def test_a_frame_without_pixels_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match=r"of shape \(height, width, 3\)"):
        as_bgr(np.zeros(shape, np.uint8))


def test_a_header_of_too_many_pixels_is_refused(picture: Path) -> None:
    data = bytearray(picture.read_bytes())
    data[16:24] = bytes.fromhex("7fffffff7fffffff")
    picture.write_bytes(bytes(data))
    with pytest.raises(SourceError):
        frames_of(picture)


@pytest.mark.parametrize("which", [63, np.int64(63), "/dev/video63", Path("/dev/video63")])
def test_a_camera_that_is_not_there_is_refused(which: int | str | Path) -> None:
    with pytest.raises(SourceError, match=r"camera .*63.* does not exist; "):
        open_camera(which)


def test_an_animated_gif_is_a_video_that_plays_once(tmp_path: Path) -> None:
    pictures = pytest.importorskip("PIL.Image", reason="pillow comes with matplotlib")
    images = [pictures.new("RGB", (60, 40), (0, 0, 25 * number)) for number in range(8)]
    path = tmp_path / "a.gif"
    images[0].save(path, save_all=True, append_images=images[1:], duration=100, loop=0)
    source = open_source(path)
    frames = list(source)
    source.close()
    assert (source.is_video, source.length, source.frame_rate_hz) == (True, 8, 10)
    assert [frame.time_s for frame in frames] == pytest.approx([i / 10 for i in range(8)])
    assert [int(frame.image[9, 9, 0]) for frame in frames] == [25 * i for i in range(8)]


def test_a_cmyk_jpeg_is_read_as_bgr(tmp_path: Path) -> None:
    pictures = pytest.importorskip("PIL.Image", reason="pillow comes with matplotlib")
    pictures.new("CMYK", (32, 24), (0, 255, 255, 0)).save(tmp_path / "red.jpg")
    image = read_picture(tmp_path / "red.jpg")
    assert image.shape == (24, 32, 3)
    blue, green, red = image[5, 5].tolist()
    assert red > 200 > 60 > max(blue, green)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright_as_imread_does(
    tmp_path: Path, picture: Path, orientation: int
) -> None:
    pictures = pytest.importorskip("PIL.Image", reason="pillow comes with matplotlib")
    photo = pictures.open(picture)
    tags = photo.getexif()
    tags[0x0112] = orientation
    path = tmp_path / "turned.jpg"
    photo.save(path, exif=tags)
    image = read_picture(path)
    assert image.shape == ((60, 80, 3) if orientation <= 4 else (80, 60, 3))
    assert np.array_equal(image, cv2.imread(str(path)))


def test_damaged_frames_within_a_film_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, count = tmp_path / "film.mp4", 60
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 20, (160, 120))
    for number in range(count):
        image = np.full((120, 160, 3), 40 + 2 * number, np.uint8)
        writer.write(cv2.circle(image, (20 + 2 * number, 60), 20, (0, 0, 255), -1))
    writer.release()
    data = bytearray(path.read_bytes())
    middle, damaged = len(data) // 2, len(data) // 20
    data[middle : middle + damaged] = np.random.default_rng(1).bytes(damaged)
    path.write_bytes(data)
    frames = frames_of(path)
    assert 0.8 * count < len(frames) < count
    assert frames[-1].time_s == pytest.approx((count - 1) / 20), "the clock continues"
    assert [record.message for record in caplog.records] == [
        f"{path}: {count - len(frames)} or more damaged frames were skipped"
    ]


def test_a_film_of_an_unknown_codec_is_refused(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes().replace(b"MJPG", b"ZQ9Z"))
    with pytest.raises(SourceError, match="FFmpeg cannot decode its video"):
        frames_of(clip)


@pytest.mark.parametrize("name", ["12:30.avi", "rtsp:clip.avi", "a film\nof two lines.avi"])
def test_a_film_of_any_name_is_a_file(
    clip: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    clip.rename(clip.with_name(name))
    monkeypatch.chdir(clip.parent)
    assert len(frames_of(Path(name))) == CLIP_FRAMES


def test_close_ends_files_and_films_before_their_next_frame(clip: Path, picture: Path) -> None:
    (picture.parent / "second.png").write_bytes(picture.read_bytes())
    for path in (clip, picture.parent):
        source = open_source(path)
        frames = iter(source)
        next(frames)
        source.close()
        source.close()
        assert list(frames) == []


def test_a_gif_plays(media: Path) -> None:
    frames = frames_of(media / "face-demographics-walking.gif")
    assert len(frames) == 35
    times = [frame.time_s for frame in frames]
    assert times == sorted(times)
    assert len({frame.image.shape for frame in frames}) == 1


def test_a_broken_picture_among_others_is_told_and_passed_over(
    picture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (picture.parent / "a.jpg").write_bytes(b"no picture")
    (picture.parent / "z.png").write_bytes(b"")
    frames = frames_of(picture.parent)
    assert [(frame.index, frame.name) for frame in frames] == [(0, str(picture))]
    first, second, last = (record.getMessage() for record in caplog.records)
    assert "a.jpg" in first
    assert "z.png" in second
    assert last == "read 1 of 3 files; left out: 2 damaged"


def test_pictures_of_which_none_can_be_read_are_an_error(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(SourceError, match="none of 2 pictures can be read"):
        frames_of(tmp_path)


def test_an_empty_name_is_not_the_working_folder(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(picture.parent)
    with pytest.raises(ConfigError, match="name of the input is empty"):
        open_source("")


@pytest.mark.parametrize(
    "settings", [{"sample_every_s": 1}, {"pixel_aspect": Fraction(16, 15)}, {"frame_rate_hz": 25}]
)
def test_settings_of_videos_are_refused_for_a_picture(
    picture: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="is not a video"):
        open_source(picture, **settings)


def test_a_place_of_another_type_is_a_wrong_argument() -> None:
    with pytest.raises(ConfigError, match="expected a path or an address, got int"):
        open_source(3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="expected a camera's number, device or name, got float"):
        open_camera(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["zero\0byte", "surrogate\ud800"])
@pytest.mark.parametrize("pattern", ["{}.mp4", "{}/*.jpg", "{}/**/*.jpg"])
def test_a_name_that_no_file_can_have_is_refused(pattern: str, name: str) -> None:
    with pytest.raises(SourceError, match="the name contains a zero byte or an unpaired"):
        open_source(pattern.format(name))


def test_the_name_of_a_video_need_not_be_utf8_and_an_address_must(clip: Path) -> None:
    odd = clip.with_name("clip\udcff.avi")
    odd.write_bytes(clip.read_bytes())
    assert len(frames_of(odd)) == CLIP_FRAMES
    with pytest.raises(SourceError, match="not a valid stream address"):
        open_source("rtsp://127.0.0.1/\udcff")
