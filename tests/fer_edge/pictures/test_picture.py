"""Reading of pictures that are made here, by Pillow, by pillow-heif or by hand."""

import io
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from fer_edge.errors import MissingExtraError, SourceError
from fer_edge.pictures import kinds as picture_kinds
from fer_edge.pictures.kinds import is_picture_file, picture_kind
from fer_edge.pictures.picture import read_picture

from ...support.made_pictures import FORMATS, encode, is_red, stripes, turned_by


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_kind_is_read_whole_as_bgr(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(encode(Image.fromarray(stripes()), FORMATS[suffix]))
    image = read_picture(path)
    assert (image.shape, image.dtype, image.flags.c_contiguous) == ((64, 96, 3), np.uint8, True)
    assert is_red(image[32, 10])
    assert not is_red(image[32, 86])
    assert is_picture_file(path)


@pytest.mark.parametrize("format_", sorted(set(FORMATS.values())))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".heic", ""])
def test_the_content_decides_and_not_the_suffix(tmp_path: Path, format_: str, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(encode(Image.fromarray(stripes()), format_))
    assert is_picture_file(path)
    assert read_picture(path).shape == (64, 96, 3)


@pytest.mark.parametrize("suffix", [".mjpeg", ".dng", ".mp4", ".txt"])
def test_streams_raw_photographs_and_videos_are_not_pictures(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    content = {
        ".mjpeg": encode(Image.fromarray(stripes()), "JPEG") * 3,
        ".dng": encode(Image.fromarray(stripes()), "TIFF"),
        ".mp4": b"\0\0\0\x1cftypisom\0\0\2\0isomiso2avc1mp41" + bytes(100),
        ".txt": b"P is a letter, BM are two",
    }
    path.write_bytes(content[suffix])
    assert not is_picture_file(path)


def test_a_gif_is_a_picture_unless_it_moves(tmp_path: Path) -> None:
    first, second = Image.fromarray(stripes()), Image.fromarray(255 - stripes())
    still, moving = tmp_path / "still.gif", tmp_path / "moving.gif"
    first.save(still)
    first.save(moving, save_all=True, append_images=[second])
    assert [is_picture_file(path) for path in (still, moving)] == [True, False]
    assert is_red(read_picture(moving)[32, 10])


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path: Path, format_: str, orientation: int) -> None:
    stored = Image.fromarray(np.vstack([stripes(), np.full((32, 96, 3), 255, np.uint8)]))
    path = tmp_path / "x"
    path.write_bytes(encode(stored, format_, exif=turned_by(orientation)))
    png = io.BytesIO(encode(stored, "PNG", exif=turned_by(orientation)))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(png)).convert("RGB"))[..., ::-1]
    image = read_picture(path)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_heic_is_not_turned_a_second_time_by_exif(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "x.heic"
    exif = turned_by(orientation)
    path.write_bytes(encode(Image.fromarray(stripes()), "HEIF", exif=exif))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))
    image = read_picture(path)
    assert np.abs(image[..., ::-1].astype(int) - upright).mean() < 4


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_heic_of_ten_bits_gray_or_with_transparency_is_read(tmp_path: Path, mode: str) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "x.heic"
    if mode == "RGB":
        deep = stripes().astype(np.uint16) * 257
        file = heif.from_bytes("RGB;16", (96, 64), deep.tobytes())
        file.save(path, quality=90)
        assert heif.open_heif(path).info["bit_depth"] == 10
    else:
        path.write_bytes(encode(Image.fromarray(stripes()).convert(mode), "HEIF"))
    image = read_picture(path)
    assert (image.shape, image.dtype) == ((64, 96, 3), np.uint8)
    expected = np.asarray(Image.fromarray(stripes()).convert(mode).convert("RGB"))[..., ::-1]
    assert np.abs(image.astype(int) - expected).mean() < 4


def test_a_heic_of_many_tiles_is_read_whole() -> None:
    path = Path(__file__).parents[4] / "shared" / "cases" / "grid.heic"
    if not path.exists():
        pytest.skip("needs grid.heic; nothing here writes a grid of tiles")
    pytest.importorskip("pillow_heif")
    assert read_picture(path).shape == (1800, 1536, 3)


@pytest.mark.parametrize(("format_", "name"), [("HEIF", "pillow_heif"), ("AVIF", "avif")])
def test_without_its_library_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str, name: str
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(Image.fromarray(stripes()), format_))
    monkeypatch.setattr(picture_kinds.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(picture_kinds, "_pillow_reads_avif", lambda: False)
    with pytest.raises(MissingExtraError) as caught:
        read_picture(path)
    kind = "a HEIC" if format_ == "HEIF" else "an AVIF"
    package = "pillow-heif" if format_ == "HEIF" else "Pillow with AVIF"
    assert str(caught.value) == (
        f"{path}, {kind} picture, needs {package}, which is not installed; "
        "run: pip install 'fer-edge[heif]'"
    )


@pytest.mark.parametrize("format_", sorted(set(FORMATS.values())))
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_a_picture_cut_short_is_refused(tmp_path: Path, format_: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), format_)
    path = tmp_path / "x.jpg"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(SourceError, match=r"truncated|not a picture"):
        read_picture(path)


@pytest.mark.parametrize("content", [b"", b"hello\n" * 99, bytes(5000), b"\xff\xd8", b"P6\n"])
def test_what_is_not_a_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"not a supported picture|truncated"):
        read_picture(path)


@pytest.mark.parametrize("place", ["missing.jpg", ".", "/dev/zero", "zero\0.jpg", "a" * 300])
def test_a_place_that_holds_no_file_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(SourceError, match=r"cannot be read|regular file"):
        read_picture(tmp_path / place)


def test_flipped_bytes_never_end_in_another_error(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    path = tmp_path / "x"
    for format_ in sorted(set(FORMATS.values())):
        data = encode(Image.fromarray(stripes(48, 32)), format_)
        for place in random.integers(0, min(len(data), 400), 60):
            flipped = bytearray(data)
            flipped[place] ^= 1 << int(random.integers(8))
            path.write_bytes(bytes(flipped))
            try:
                image = read_picture(path)
            except SourceError:
                continue
            assert (image.ndim, image.dtype) == (3, np.uint8)


def test_jpeg_and_png_are_read_without_loading_pillow(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), stripes())
    code = (
        "import sys; from fer_edge.pictures.picture import read_picture; "
        f"read_picture({str(path)!r}); print('PIL' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("data", [b"", b"P", b"BM", b"RIFF", b"\0\0\0\x1cftyp", b"BM is a car."])
def test_a_few_bytes_are_not_a_kind(data: bytes) -> None:
    assert picture_kind(data) is None
