"""Pictures of two stripes, in every supported file format."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fer_edge.pictures import kinds as picture_kinds

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


def stripes(width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Return an RGB image that is red on the left and blue on the right."""
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
