from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fer_edge.errors import SourceError
from fer_edge.pictures.picture import decode_picture, read_picture

RGB = np.random.default_rng(0).integers(0, 256, (7, 5, 3)).astype(np.uint8)


def netpbm(magic: str, pixels: NDArray[np.uint8], highest: int, comment: str = "") -> bytes:
    """Encode gray or RGB pixels by the definition of the format."""
    samples = np.rint(pixels / 255 * highest).astype(int)
    head = f"{magic}\n{comment}{pixels.shape[1]} {pixels.shape[0]}\n{highest}\n".encode()
    if magic in ("P2", "P3"):
        return head + " ".join(map(str, samples.ravel())).encode()
    return head + samples.astype(np.uint8 if highest < 256 else ">u2").tobytes()


@pytest.mark.parametrize("highest", [15, 63, 100, 127, 255, 256, 1023, 4095, 16383, 65535])
@pytest.mark.parametrize("magic", ["P2", "P3", "P5", "P6"])
def test_the_maximum_of_the_file_is_white(magic: str, highest: int) -> None:
    pixels = RGB if magic in ("P3", "P6") else RGB[..., 0]
    image = decode_picture(netpbm(magic, pixels, highest), "a.pnm")
    expected = RGB[..., ::-1] if pixels.ndim == 3 else np.repeat(RGB[..., :1], 3, axis=2)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - expected).max() <= 255 / highest / 2 + 1


@pytest.mark.parametrize("magic", ["P2", "P3", "P5", "P6"])
def test_8_bits_are_unchanged_and_comments_are_skipped(magic: str) -> None:
    pixels = RGB if magic in ("P3", "P6") else RGB[..., 0]
    image = decode_picture(netpbm(magic, pixels, 255, "# 9 9 made by\n#hand\n"), "a.pnm")
    gray = pixels if pixels.ndim == 3 else np.repeat(RGB[..., :1], 3, axis=2)
    assert np.array_equal(image[..., ::-1], gray)


def test_a_text_may_have_comments_between_its_numbers() -> None:
    image = decode_picture(b"P2 2 1 9 # nine\n 9 # white\r\n 0", "a.pgm")
    assert image[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    "data",
    [
        netpbm("P5", RGB[..., 0], 255)[:-1],
        netpbm("P6", RGB, 1023)[:-1],
        netpbm("P2", RGB[..., 0], 255).rsplit(b" ", 1)[0],
        b"P2 2 1 9 9 x",
        b"P2 2 1 9 9 10",
        b"P2 2 1 9 9 -1",
        b"P2 2 1 9 9 99999999999",
        b"P5 2 1 0 ab",
        b"P5 2 1 70000 abcd",
        b"P5 0 1 255 ab",
        b"P5 2 1",
    ],
)
def test_a_damaged_one_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="damaged or truncated"):
        decode_picture(data, "a.pnm")


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_transparency_of_a_tiff_does_not_darken_it(
    tmp_path: Path, mode: str, orientation: int
) -> None:
    plain = Image.fromarray(RGB).convert(mode[:-1])
    clear = plain.copy()
    clear.putalpha(40)
    for name, image in (("plain.tiff", plain), ("clear.tiff", clear)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(tmp_path / name, exif=exif)
    expected = read_picture(tmp_path / "plain.tiff")
    assert expected.shape == ((7, 5, 3) if orientation == 1 else (5, 7, 3))
    assert np.array_equal(read_picture(tmp_path / "clear.tiff"), expected)


def test_subsampled_colors_of_a_jpeg_2000_are_read(tmp_path: Path) -> None:
    from ...support.made_videos import ffmpeg

    photo = cv2.GaussianBlur(np.kron(RGB, np.ones((20, 20, 1), np.uint8)), (0, 0), 6)
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    path = tmp_path / "a.jp2"
    ffmpeg("-i", tmp_path / "a.png", "-pix_fmt", "yuv420p", "-c:v", "libopenjpeg", path)
    image = read_picture(path)
    assert np.abs(image.astype(int) - photo).mean() < 10  # its range is limited
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(SourceError, match="damaged or truncated"):
        read_picture(path)
