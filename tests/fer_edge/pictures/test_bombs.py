"""Hand-made pictures that declare more pixels than they contain."""

import resource
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from fer_edge.errors import SourceError
from fer_edge.limits import PICTURE_PX
from fer_edge.pictures.picture import read_picture

from ...support.made_pictures import FORMATS, encode, is_red, stripes

HUGE = 30_000


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
    """Return a HEIC or AVIF picture with an altered size property (ispe)."""
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
    for number, tag in enumerate((322, 323)):  # in place of the last entries
        entry = at + 12 * (count - 2 + number)
        struct.pack_into("<HHII", data, entry, tag, 4, 1, HUGE)
    path.write_bytes(bytes(data))
    with pytest.raises(SourceError, match="declares 30000x30000"):
        read_picture(path)


def test_a_photograph_of_108_megapixels_is_within_the_limit() -> None:
    assert PICTURE_PX > 12_000 * 9_000


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
    path.write_bytes(png[:-12] + b"\0\0\0\0\0\x80\0D" + png[-4:])  # OpenCV 4.14 crashes on it
    with pytest.raises(SourceError, match="truncated"):
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
    with pytest.raises(SourceError, match="truncated"):
        read_picture(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
