"""Conversion of any image to 8-bit BGR, for pictures, captures, pipes and programs."""

from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, SourceError

from .bit_depth import as_8_bits
from .pillow_image import is_pillow_image, pillow_to_bgr
from .stream_url import address_without_password

ColorOrder = Literal["bgr", "rgb"]

EXPECTED = "expected a NumPy array (height, width, 3), a Pillow image or the path of a picture"


def as_bgr(image: object, *, color: ColorOrder = "bgr") -> NDArray[np.uint8]:
    """Convert an image to the form of a `Frame`.

    Args:
        image: One of these, of any size:
            an array, or anything that NumPy makes one of (a tensor of PyTorch or TensorFlow):
            (height, width), (height, width, 1), (height, width, 3) or (height, width, 4) whose
            last channel is transparency, which is dropped; bool, uint8, uint16 (divided by 256),
            any other integers from 0 to 255, or floats from 0 to 1 or from 0 to 255, see
            `bit_depth.as_8_bits`;
            a Pillow image of any mode, turned upright by its EXIF orientation;
            a path, as text or `Path`, read by `fer_edge.pictures.picture.read_picture`.
        color: Channel order of an array; pictures and Pillow images have a defined order.

    Returns:
        uint8, (height, width, 3), BGR, contiguous; the same array if it has this form already.

    Raises:
        SourceError: It is not an image, is empty or a batch, or the range of its values does not
            define their brightness.
        MissingExtraError: It is the path of a picture that needs an optional library.
        ConfigError: `color` is unknown.
    """
    check_color(color)
    if isinstance(image, str | Path):
        from fer_edge.pictures.picture import read_picture

        _check_path(image)
        return read_picture(image)
    if is_pillow_image(image):
        return pillow_to_bgr(image)
    array = as_array(image)
    _check_shape(array)
    return _three_channels(as_8_bits(array), color)


def _check_path(path: str | Path) -> None:
    if not str(path):
        raise SourceError("the path of the picture is empty")
    address = address_without_password(path)
    if address:
        raise SourceError(
            f"expected the path of a picture, got the address {address}; pass the path of a file, "
            "or the address of a stream to Recognizer.stream"
        )


def as_array(image: object) -> NDArray[Any]:
    """Return an image, or a batch, as a NumPy array, without further checks.

    Raises:
        SourceError: NumPy cannot convert it, or only to an array of Python objects.
    """
    if isinstance(image, np.ndarray):
        return np.asarray(image)
    if image is None:
        raise SourceError(
            f"{EXPECTED}, got None: cv2.imread returns None for a file that it cannot read; check "
            "its path, or pass the path itself"
        )
    kind = type(image).__name__
    if isinstance(image, list | tuple):
        raise SourceError(
            f"{EXPECTED}, got a {kind}; read several images in a loop, or with Recognizer.stream"
        )
    if isinstance(image, bytes | bytearray):
        raise SourceError(
            f"{EXPECTED}, got {kind}; decode a picture in memory with: "
            "cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)"
        )
    if not hasattr(image, "__array__") and not hasattr(image, "__array_interface__"):
        raise SourceError(f"{EXPECTED}, got {kind}")
    try:
        return np.asarray(image)
    except (TypeError, ValueError, RuntimeError) as error:  # a tensor on a GPU, or with gradients
        reason = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise SourceError(
            f"{EXPECTED}, got a {kind} that NumPy cannot convert ({reason}); pass a NumPy array"
        ) from error


def _check_shape(array: NDArray[Any]) -> None:
    shape, wanted = array.shape, "expected an image of shape (height, width, 3)"
    if array.size == 0:
        raise SourceError(f"{wanted}, got an empty one: {shape}")
    if array.ndim == 2 or (array.ndim == 3 and shape[2] in (1, 3, 4)):
        return
    advice = ""
    if array.ndim == 3 and shape[0] in (1, 3, 4) and shape[2] > 4:
        advice = "; channels come last: np.moveaxis(image, 0, -1)"
    elif array.ndim in (3, 4) and shape[-1] != 2:
        advice = "; read the images of a batch in a loop, or with Recognizer.stream"
    raise SourceError(f"{wanted}, got {shape}{advice}")


def check_color(color: object) -> None:
    """Reject an unknown color order.

    Raises:
        ConfigError: It is neither `bgr` nor `rgb`.
    """
    if color not in ("bgr", "rgb"):
        raise ConfigError(f"'color' is {color!r}, expected 'bgr' or 'rgb'")


def _three_channels(image: NDArray[np.uint8], color: ColorOrder) -> NDArray[np.uint8]:
    is_rgb = color == "rgb"
    if image.ndim == 2 or image.shape[2] == 1:
        converted: Any = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.shape[2] == 4:
        converted = cv2.cvtColor(image, cv2.COLOR_RGBA2BGR if is_rgb else cv2.COLOR_BGRA2BGR)
    else:
        converted = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if is_rgb else image
    bgr: NDArray[np.uint8] = np.ascontiguousarray(converted)
    return bgr
