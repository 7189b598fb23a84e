"""Kinds of picture files: the supported kinds, and detection by the first bytes."""

import importlib.util
import warnings
from pathlib import Path
from typing import Literal

Kind = Literal["JPEG", "PNG", "BMP", "WebP", "TIFF", "PNM", "GIF", "JPEG 2000", "HEIC", "AVIF"]

SUFFIXES: dict[str, Kind] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    ".png": "PNG",
    **dict.fromkeys((".bmp", ".dib"), "BMP"),
    ".webp": "WebP",
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **dict.fromkeys((".pgm", ".ppm", ".pbm", ".pnm"), "PNM"),
    ".gif": "GIF",
    **dict.fromkeys((".jp2", ".j2k"), "JPEG 2000"),
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
    ".avif": "AVIF",
}
"""Suffixes of pictures; the exact kind is determined by the content."""

_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # BigTIFF
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),  # a bare codestream, .j2k
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1"}
_AVIF_BRANDS = {b"avif", b"avis"}
SIGNATURE_BYTES = 256
"""Number of bytes from the start of a file that identify its kind."""

_STREAM_SUFFIXES = (".mjpeg", ".mjpg")


def picture_kind(data: bytes) -> Kind | None:
    """Return the kind of a picture by its first bytes; None for other files.

    Args:
        data: Content of the file, or its first `SIGNATURE_BYTES`.
    """
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[:2] == b"BM" and 12 <= int.from_bytes(data[14:18], "little") <= 256:
        return "BMP"
    if (
        data[:1] == b"P"
        and data[1:2] in b"123456"
        and data[2:3] in (b" ", b"\t", b"\r", b"\n", b"#")
    ):
        return "PNM"
    if data[4:8] == b"ftyp":
        return _kind_by_brands(data)
    return None


def is_picture_file(path: Path) -> bool:
    """Return whether a file is a picture, and not a video or something else.

    A picture's suffix is sufficient: wrong content is reported when the file is read. Without such
    a suffix the content decides, except for TIFF, in which cameras store raw data (.dng, .nef), and
    for GIF and streams of JPEGs (.mjpeg), which are videos. A GIF is a picture if it has one frame.
    """
    suffix = path.suffix.lower()
    if suffix in _STREAM_SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            kind = picture_kind(file.read(SIGNATURE_BYTES))
    except OSError:
        kind = None
    if kind == "GIF":
        return not _is_animated(path)
    return suffix in SUFFIXES or (kind is not None and not (kind == "TIFF" and suffix))


def missing_extra(kind: Kind) -> bool:
    """Return whether this kind needs a library that is not installed."""
    if kind == "HEIC":
        return importlib.util.find_spec("pillow_heif") is None
    return kind == "AVIF" and not _pillow_reads_avif()


def _kind_by_brands(data: bytes) -> Kind | None:
    end = min(int.from_bytes(data[:4], "big"), len(data))
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & _HEIC_BRANDS else None


def _pillow_reads_avif() -> bool:
    try:
        from PIL import AvifImagePlugin  # since Pillow 11.3, where its wheel has libavif
    except ImportError:
        return False
    return bool(AvifImagePlugin.SUPPORTED)


def _is_animated(path: Path) -> bool:
    from PIL import Image

    try:
        with (
            warnings.catch_warnings()
        ):  # Pillow's warnings about sizes, which are checked elsewhere
            warnings.simplefilter("ignore")
            with Image.open(path, formats=["GIF"]) as image:
                return bool(getattr(image, "is_animated", False))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return False  # errors are reported when it is read
