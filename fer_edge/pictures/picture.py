"""Reading of a picture file, for the runtime, the demo, imports and the Python API.

OpenCV decodes most kinds; Pillow decodes GIF and AVIF, which older OpenCVs do not support, and
pillow-heif decodes HEIC, of which OpenCV's FFmpeg would return a single tile. PGM and PPM are
decoded here.
"""

import io
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import SourceError
from ..limits import PICTURE_PX
from ..require import missing
from .kinds import Kind, missing_extra, picture_kind
from .pnm import decode_pnm
from .size import has_exif, has_loose_alpha, has_subsampled_colors, picture_size
from .still_png import still_png

_LIMIT_BYTES = 1 << 30
"""Largest file size: all pixels of the limit, uncompressed with 16 bits."""


def read_picture(path: str | Path, *, limit_px: int = PICTURE_PX) -> NDArray[np.uint8]:
    """Read a picture file and turn it upright.

    The content determines how it is decoded, not the suffix. 16 and 10 bits become 8, gray and CMYK
    become BGR, transparency is dropped, and of an animation the first picture is returned. JPEG,
    PNG, WebP and TIFF are rotated by their EXIF orientation, HEIC and AVIF by their own rotation.

    Args:
        path: JPEG, PNG, BMP, WebP, TIFF, PBM/PGM/PPM, GIF, JPEG 2000, AVIF, or HEIC.
        limit_px: Largest number of pixels in the header; larger pictures are rejected before
            decoding.

    Returns:
        uint8, (height, width, 3), BGR.

    Raises:
        SourceError: The file cannot be read, is not a picture, is damaged, or too large.
        MissingExtraError: A library for HEIC or AVIF is not installed.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{path} is not a regular file; expected a picture")
        if path.stat().st_size > _LIMIT_BYTES:
            raise SourceError(f"picture {path} is larger than 1 GiB; expected a smaller file")
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"picture {path} cannot be read: {reason}") from error
    return decode_picture(data, str(path), limit_px=limit_px)


def decode_picture(data: bytes, name: str, *, limit_px: int = PICTURE_PX) -> NDArray[np.uint8]:
    """Decode the content of a picture file, like `read_picture`.

    Args:
        data: The file's content.
        name: Name in messages.
        limit_px: Largest number of pixels in the header.

    Returns:
        uint8, (height, width, 3), BGR.

    Raises:
        SourceError: It is not a picture, is damaged, or too large.
        MissingExtraError: A library for HEIC or AVIF is not installed.
    """
    kind = picture_kind(data)
    if kind is None:
        raise SourceError(
            f"{name} is not a supported picture, or its beginning is damaged; expected JPEG, "
            "PNG, BMP, WebP, TIFF, PPM, GIF, JPEG 2000, HEIC or AVIF"
        )
    if missing_extra(kind):
        package = "pillow_heif" if kind == "HEIC" else "Pillow with AVIF"
        article = "a" if kind == "HEIC" else "an"
        raise missing("heif", package, what=f"{name}, {article} {kind} picture,")
    size = picture_size(data, kind)
    if size is None:
        raise SourceError(_damaged(kind, name))
    _check_size(size, name, limit_px)
    if kind == "HEIC":
        return _decode_heic(data, name, limit_px)
    # OpenCV applies the EXIF data of a WebP since 4.13
    if kind in ("GIF", "AVIF") or (kind == "WebP" and has_exif(data)):
        return _decode_with_pillow(data, kind, name, limit_px)
    if kind == "JPEG 2000" and has_subsampled_colors(data):  # OpenCV does not support them
        return _decode_with_pillow(data, kind, name, limit_px)
    if kind == "TIFF" and has_loose_alpha(data):  # OpenCV's would be multiplied into the colors
        with suppress(SourceError):  # of a form that Pillow does not support
            return _decode_with_pillow(data, kind, name, limit_px)
    if kind == "PNM" and data[1:2] in b"2356":
        image = decode_pnm(data)
        if image is None:
            raise SourceError(_damaged(kind, name))
        return image
    still = still_png(data) if kind == "PNG" else data
    if still is None:
        raise SourceError(_damaged(kind, name))
    return _decode_with_opencv(still, kind, name)


def _decode_with_opencv(data: bytes, kind: Kind, name: str) -> NDArray[np.uint8]:
    """Decode from memory, since OpenCV's reader does not report errors."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # such as a side longer than OpenCV accepts
        raise SourceError(f"picture {name} cannot be decoded: {error.err}") from error
    if image is None or (kind == "JPEG" and _is_cut_jpeg(data)):
        raise SourceError(_damaged(kind, name))
    return image.astype(np.uint8, copy=False)


def _decode_with_pillow(data: bytes, kind: Kind, name: str, limit_px: int) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    try:
        # Pillow warns about sizes that are allowed here
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=[kind.upper().replace(" ", "")]) as image:
                _check_size(image.size, name, limit_px)
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except SourceError:
        raise
    except Image.DecompressionBombError as error:
        raise SourceError(f"picture {name} is refused by Pillow: {error}") from error
    except (
        Exception
    ) as error:  # Pillow's plugins raise many types of exceptions for a damaged header
        raise SourceError(_damaged(kind, name)) from error
    return cv2.cvtColor(np.asarray(upright), cv2.COLOR_RGB2BGR).astype(np.uint8, copy=False)


def _decode_heic(data: bytes, name: str, limit_px: int) -> NDArray[np.uint8]:
    import pillow_heif

    try:
        # its own rotation is applied; EXIF repeats it, and HEIF requires to ignore that
        file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True, bgr_mode=True)
        _check_size(file.size, name, limit_px)
        image = np.array(file)  # a copy: the library frees its buffer with the file
    except SourceError:
        raise
    except Exception as error:  # pillow-heif documents ValueError, EOFError, RuntimeError, ...
        raise SourceError(_damaged("HEIC", name)) from error
    return _bgr(image)


def _bgr(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert an image from libheif to BGR: gray may have 16 bits, color a fourth channel."""
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] >= 3:
        return np.ascontiguousarray(image[..., :3])
    gray = np.ascontiguousarray(image if image.ndim == 2 else image[..., 0])
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)


def _check_size(size: tuple[int, int], name: str, limit_px: int) -> None:
    width, height = size
    if width * height > limit_px:
        raise SourceError(
            f"picture {name} declares {width}x{height} pixels; expected at most "
            f"{limit_px / 1e6:g} million; reduce its size, or raise the limit (--limit-pixels, in "
            "Python: open_source(path, limit_px=...))"
        )


def _damaged(kind: Kind, name: str) -> str:
    reasons = "it is damaged or truncated"
    if kind == "TIFF":  # whole ones of floats or 32-bit integers exist, from microscopes
        reasons = "it is damaged or truncated, or its samples have more than 16 bits"
    return f"{name}, a picture of kind {kind}, cannot be decoded: {reasons}"


def _is_cut_jpeg(data: bytes) -> bool:
    """Return whether a JPEG has no end mark: older OpenCV fills the missing part with gray."""
    at = 2  # skip the segments before the scan: a thumbnail in them has its own end mark
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":
        is_filler = data[at + 1 : at + 2] == b"\xff"
        at += 1 if is_filler else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return b"\xff\xd9" not in data[at:]
