"""Every picture is made here, by Pillow, pillow-heif or by hand."""

import io
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from fer_edge import picture_kinds
from fer_edge.errors import MissingExtraError, SourceError
from fer_edge.picture_kinds import is_picture_file, picture_kind
from fer_edge.pictures import LIMIT_PX, read_picture

FORMATS = {
    ".jpg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".ppm": "PPM",
    ".pnm": "PPM",
    ".gif": "GIF",
    ".jp2": "JPEG2000",
    ".heic": "HEIF",
    ".hif": "HEIF",
    ".avif": "AVIF",
}
RED, BLUE = (230, 20, 20), (20, 20, 230)
HUGE = 30_000


def stripes(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Red on the left and blue on the right, RGB."""
    image = np.empty((height, width, 3), np.uint8)
    image[:, : width // 2], image[:, width // 2 :] = RED, BLUE
    return image


def encode(image: Image.Image, format_: str, **options: object) -> bytes:
    if format_ == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if format_ == "AVIF" and picture_kinds.missing_extra("AVIF"):
        pytest.skip("this Pillow has no AVIF")
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def turned_by(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def is_red(pixel: NDArray[np.uint8]) -> bool:
    blue, _, red = map(int, pixel)
    return red > blue + 100


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
    path = Path(__file__).parents[3] / "shared" / "cases" / "grid.heic"
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
    assert str(caught.value) == (f"{path} is {kind} picture; run: pip install 'fer-edge[heif]'")


@pytest.mark.parametrize("format_", sorted(set(FORMATS.values())))
@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_a_picture_cut_short_is_refused(
    tmp_path: Path, format_: str, share: float, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), format_)
    path = tmp_path / "x.jpg"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(SourceError, match=r"cut short|not a picture"):
        read_picture(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("content", [b"", b"hello\n" * 99, bytes(5000), b"\xff\xd8", b"P6\n"])
def test_what_is_not_a_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"not a picture|cut short"):
        read_picture(path)


@pytest.mark.parametrize("place", ["missing.jpg", ".", "/dev/zero", "zero\0.jpg", "a" * 300])
def test_a_place_that_holds_no_file_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(SourceError, match=r"cannot be read|regular file"):
        read_picture(tmp_path / place)


def jpeg_bomb() -> bytes:
    data = bytearray(encode(Image.fromarray(stripes()), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", HUGE, HUGE)
    return bytes(data)


def png_bomb(width: int, height: int, *, moving: bool = False) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    control = chunk(b"acTL", struct.pack(">II", 2, 0)) if moving else b""
    rows = chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
    return b"\x89PNG\r\n\x1a\n" + header + control + rows + chunk(b"IEND", b"")


def webp_bomb() -> bytes:
    frames = [Image.fromarray(stripes()), Image.fromarray(255 - stripes())]
    data = bytearray(encode(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    data[24:30] = (HUGE - 1).to_bytes(3, "little") * 2
    return bytes(data)


def tiff_bomb(order: str = "<") -> bytes:
    data = bytearray(encode(Image.fromarray(stripes()), "TIFF"))
    at = struct.unpack_from("<I", data, 4)[0] + 2
    for entry in range(at, at + 24, 12):  # width and height come first
        struct.pack_into("<HHII", data, entry, *struct.unpack_from("<H", data, entry), 4, 1, HUGE)
    return bytes(data)


def bmp_bomb() -> bytes:
    data = bytearray(encode(Image.fromarray(stripes()), "BMP"))
    struct.pack_into("<ii", data, 18, HUGE, -HUGE)
    return bytes(data)


def gif_bomb() -> bytes:
    data = bytearray(encode(Image.fromarray(stripes()), "GIF"))
    struct.pack_into("<HH", data, 6, HUGE, HUGE)
    return bytes(data)


def jp2_bomb() -> bytes:
    data = bytearray(encode(Image.fromarray(stripes()), "JPEG2000"))
    struct.pack_into(">II", data, data.index(b"\xff\x4f\xff\x51") + 8, HUGE, HUGE)
    return bytes(data)


def box_bomb(format_: str) -> bytes:
    """A HEIC or AVIF whose size property (ispe) is altered."""
    data = bytearray(encode(Image.fromarray(stripes()), format_))
    at = data.index(b"ispe") + 8
    struct.pack_into(">II", data, at, HUGE, HUGE)
    return bytes(data)


BOMBS = {
    "jpeg": jpeg_bomb,
    "png": lambda: png_bomb(40_000, 30_000),
    "wide png": lambda: png_bomb(100_000, 100_000),
    "largest png": lambda: png_bomb(0x7FFFFFFF, 0x7FFFFFFF),
    "apng": lambda: png_bomb(HUGE, HUGE, moving=True),
    "webp": webp_bomb,
    "tiff": tiff_bomb,
    "bmp": bmp_bomb,
    "ppm": lambda: b"P6 # 1 1\n30000\n30000 255\n" + bytes(5000),
    "gif": gif_bomb,
    "jp2": jp2_bomb,
    "heic": lambda: box_bomb("HEIF"),
    "avif": lambda: box_bomb("AVIF"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_picture_that_declares_too_many_pixels_is_refused_before_it_is_decoded(
    tmp_path: Path, bomb: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.jpg"
    path.write_bytes(BOMBS[bomb]())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match=r"declares \d{5,}x\d{5,} pixels"):
        read_picture(path)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 100 << 10
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("format_", sorted(set(FORMATS.values())))
def test_the_limit_counts_pixels_and_can_be_set(tmp_path: Path, format_: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(encode(Image.fromarray(stripes()), format_))
    assert read_picture(path, limit_px=64 * 96).shape == (64, 96, 3)
    with pytest.raises(SourceError, match="declares 96x64 pixels; expected at most"):
        read_picture(path, limit_px=64 * 96 - 1)


def test_a_tiff_declares_the_size_of_its_tiles_too(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    data = bytearray(encode(Image.fromarray(stripes()), "TIFF"))
    at = struct.unpack_from("<I", data, 4)[0] + 2
    count = struct.unpack_from("<H", data, at - 2)[0]
    for number, tag in enumerate((322, 323)):  # over the last entries
        entry = at + 12 * (count - 2 + number)
        struct.pack_into("<HHII", data, entry, tag, 4, 1, HUGE)
    path.write_bytes(bytes(data))
    with pytest.raises(SourceError, match="declares 30000x30000"):
        read_picture(path)


def test_a_photograph_of_108_megapixels_is_within_the_limit() -> None:
    assert LIMIT_PX > 12_000 * 9_000


def test_flipped_bytes_never_end_in_another_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
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
    assert capfd.readouterr().err == ""


def test_jpeg_and_png_are_read_without_loading_pillow(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), stripes())
    code = (
        "import sys; from fer_edge.pictures import read_picture; "
        f"read_picture({str(path)!r}); print('PIL' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("data", [b"", b"P", b"BM", b"RIFF", b"\0\0\0\x1cftyp", b"BM is a car."])
def test_a_few_bytes_are_not_a_kind(data: bytes) -> None:
    assert picture_kind(data) is None


def chunks_of(png: bytes) -> list[bytes]:
    chunks, at = [], 8
    while at < len(png):
        end = at + 12 + struct.unpack_from(">I", png, at)[0]
        chunks.append(png[at:end])
        at = end
    return chunks


def moving_png() -> bytes:
    first, second = Image.fromarray(stripes()), Image.fromarray(255 - stripes())
    return encode(first, "PNG", save_all=True, append_images=[second])


def test_a_damaged_animation_in_a_png_does_not_end_the_process(tmp_path: Path) -> None:
    png = moving_png()
    names = [chunk[4:8] for chunk in chunks_of(png)]
    assert {b"acTL", b"fcTL", b"fdAT"} <= set(names)
    path = tmp_path / "x.png"
    path.write_bytes(png[:-12] + b"\0\0\0\0\0\x80\0D" + png[-4:])  # what OpenCV 4.14 crashes of
    with pytest.raises(SourceError, match="cut short"):
        read_picture(path)
    path.write_bytes(png.replace(b"fdAT", b"fdAX").replace(b"fcTL", b"fcTW", 1))
    assert is_red(read_picture(path)[32, 10])


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFF0])
def test_a_png_whose_chunk_declares_gigabytes_is_refused_at_once(
    tmp_path: Path, length: int
) -> None:
    png = bytearray(moving_png())
    struct.pack_into(">I", png, png.index(b"IDAT") - 4, length)
    path = tmp_path / "x.png"
    path.write_bytes(bytes(png))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match="cut short"):
        read_picture(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
