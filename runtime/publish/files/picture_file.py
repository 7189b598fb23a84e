"""Writing of a picture file."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, OutputError
from fer_edge.files import whole_file
from fer_edge.pictures.opencv_path import opencv_path

_ENCODED_AS = {".jfif": ".jpg"}
"""Suffixes that OpenCV does not recognize, although it supports the format."""


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write a picture, uint8 (height, width, 3) BGR, in the format of its suffix.

    Raises:
        ConfigError: The format is unknown.
        OutputError: The file cannot be written.
    """
    check_picture_suffix(path)
    with whole_file(path) as temporary:
        try:
            done, data = cv2.imencode(_encoding(path), image)
        except cv2.error:  # more pixels than the format supports
            done = False
        if not done:
            size = f"{image.shape[1]}x{image.shape[0]}"
            raise OutputError(
                f"{path}: the format {path.suffix} cannot store {size} pixels; use .png"
            )
        temporary.write_bytes(data.tobytes())


def check_picture_suffix(path: Path) -> None:
    """Reject unsupported formats before the first frame is read.

    Raises:
        ConfigError: The suffix is not that of a supported picture format.
    """
    opencv_path(Path(path.suffix), ConfigError)
    if not path.suffix or not _is_writable(_encoding(path)):
        raise ConfigError(
            f"'{path.suffix}' is not a picture format that OpenCV can write; expected .jpg, .png "
            "or .webp, for example"
        )


def _is_writable(suffix: str) -> bool:
    try:
        return bool(cv2.haveImageWriter(f"picture{suffix}"))
    except cv2.error:  # a codec that is disabled in this process, as OpenEXR is
        return False


def _encoding(path: Path) -> str:
    return _ENCODED_AS.get(path.suffix.lower(), path.suffix)


def fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Fit an image into a size without cropping or distortion, with black bars.

    Args:
        image: uint8, (height, width, 3), BGR.
        size: (width, height) in pixels.

    Returns:
        uint8, (size[1], size[0], 3), BGR.
    """
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = min(size[0] / width, size[1] / height)
    inner = (
        min(size[0], max(1, round(width * scale))),
        min(size[1], max(1, round(height * scale))),
    )
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        image, inner, interpolation=method
    )
    return canvas
