"""From a frame and a box to a model's input, the same way for all stages.

Training, calibration, evaluation, benchmark and runtime create the model input with `model_input`;
the runtime gets face crops from `crop`. Nothing else resizes, scales or brightens.
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, DetectorError
from fer_edge.faces.light import Light, corrected

_LARGEST_BOX = 16
"""Largest side of a box, in sides of its image: a crop takes memory with the square of it."""
_LARGEST_TURNED_PX = 16_000
"""A larger square is cut upright: OpenCV turns images of up to 32,767 pixels."""

Colors = Literal["gray", "rgb", "bgr"]
"""Channels of a model's input."""

PIXEL_SCALE = 1.0 / 255.0
"""A model's real-valued input is the gray pixel times this factor: 0 to 1."""


@dataclass(frozen=True, slots=True)
class Box:
    """Bounding box of a face in pixels of its frame; it may extend beyond the frame."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Width times height, in square pixels."""
        return self.width * self.height

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom


@dataclass(frozen=True, slots=True)
class CropPolicy:
    """Mapping of a detector's box to the square that a model was trained on.

    The defaults map YuNet's boxes to FER2013's framing and are measured: `python -m
    benchmarks.crop_policy` detects faces with YuNet in training faces that are enlarged onto a
    canvas, at several sizes, and prints the medians.

    Attributes:
        side: Side of the square in box heights (the width of a box varies more with the pose).
        center_x: Position of the box center in the square, 0 left to 1 right.
        center_y: Position of the box center in the square, 0 top to 1 bottom.

    Raises:
        ConfigError: A number is out of range.
    """

    side: float = 0.98
    center_x: float = 0.50
    center_y: float = 0.52

    def __post_init__(self) -> None:
        # a comparison with NaN is never true
        if not 0.1 <= self.side <= 10:
            raise ConfigError(f"the crop's side is {self.side} boxes; expected 0.1 to 10")
        for name in ("center_x", "center_y"):
            value = getattr(self, name)
            if not -1 <= value <= 2:
                raise ConfigError(f"the crop's {name} is {value}; expected -1 to 2")

    def square(self, box: Box) -> Box:
        """Return the square around a box."""
        side = self.side * box.height
        left = (box.left + box.right) / 2 - self.center_x * side
        top = (box.top + box.bottom) / 2 - self.center_y * side
        return Box(left, top, left + side, top + side)


def gray(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Convert an image to gray.

    Args:
        image: uint8, (height, width) gray, (height, width, 3) BGR or (height, width, 4) BGRA.

    Returns:
        uint8, (height, width).

    Raises:
        ValueError: The image has another type or shape.
    """
    if image.dtype == np.uint8 and image.size:
        if image.ndim == 2:
            return image
        if image.ndim == 3 and image.shape[2] == 1:
            return image[..., 0]
        if image.ndim == 3 and image.shape[2] in (3, 4):
            code = cv2.COLOR_BGR2GRAY if image.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
            return cv2.cvtColor(image, code).astype(np.uint8, copy=False)
    raise ValueError(
        f"an image of {image.dtype} {image.shape} is not supported; "
        "expected uint8, (height, width) gray or (height, width, 3 or 4) BGR(A)"
    )


def crop(
    image: NDArray[np.uint8],
    box: Box,
    policy: CropPolicy,
    *,
    channels: int = 1,
    roll_degrees: float = 0.0,
    least_px: int | None = None,
) -> NDArray[np.uint8]:
    """Cut the square around a face out of an image.

    Args:
        image: uint8, (height, width[, 3 or 4]), gray or BGR(A).
        box: Box of the detector; pixels beyond the image repeat its edge.
        policy: Mapping of the box to a square.
        channels: 1 for a gray crop, 3 for a crop in the image's colors.
        roll_degrees: Rotation of box and square around the center of the box, clockwise in the
            image; the crop is turned back by it.
        least_px: The crop may be shrunk by a whole factor as long as its side is at least this,
            which is faster than to turn and resize all its pixels; None keeps them.

    Returns:
        uint8, (side, side), gray, or (side, side[, 3 or 4]), like the image.

    Raises:
        DetectorError: The box is many times larger than the image.
    """
    square = policy.square(box)
    side = max(1, round(square.right - square.left))
    left, top = round(square.left), round(square.top)
    height, width = image.shape[:2]
    if side > _LARGEST_BOX * max(height, width):
        raise DetectorError(
            f"the detector's box is {side} pixels large in an image of {width}x{height}; expected "
            "the box of a face"
        )
    factor = max(1, side // (least_px or side))
    if roll_degrees and side <= _LARGEST_TURNED_PX:
        return _crop_turned(image, box, square, roll_degrees, channels, factor)
    if left >= 0 and top >= 0 and left + side <= width and top + side <= height:
        face = image[top : top + side, left : left + side]
        return _shrunk(gray(face) if channels == 1 else face, factor)
    # a position beyond the image maps to its nearest edge, even for a box completely outside
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    y, x = rows[0], columns[0]
    face = image[y : rows[-1] + 1, x : columns[-1] + 1]
    if channels == 1:
        face = gray(face)
    if face.shape[:2] != (side, side):
        face = face[np.ix_(rows - y, columns - x)]
    return _shrunk(face, factor)


def _crop_turned(
    image: NDArray[np.uint8],
    box: Box,
    square: Box,
    roll_degrees: float,
    channels: int,
    factor: int,
) -> NDArray[np.uint8]:
    """Cut a square that is turned clockwise around the center of its box, and shrink it."""
    cosine, sine = math.cos(math.radians(roll_degrees)), math.sin(math.radians(roll_degrees))
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    ahead_x, ahead_y = (square.left + square.right) / 2 - x, (square.top + square.bottom) / 2 - y
    x += cosine * ahead_x - sine * ahead_y
    y += sine * ahead_x + cosine * ahead_y
    # the part of the image that the square reaches, with a pixel more for interpolation
    reach = square.width * (abs(cosine) + abs(sine)) / 2 + 2 * factor
    height, width = image.shape[:2]
    left, right = (min(max(int(x + way), 0), width - 1) for way in (-reach, reach))
    top, bottom = (min(max(int(y + way), 0), height - 1) for way in (-reach, reach))
    part = image[top : bottom + 1, left : right + 1]
    part = _shrunk(part, factor)
    side = max(1, round(square.width / factor))
    step, middle = square.width / factor / side, side / 2 - 0.5  # centers of pixels are at halves
    turn = np.array([[cosine, -sine], [sine, cosine]]) * step
    start = np.array([x - left, y - top]) / factor - 0.5 - turn @ (middle, middle)
    face = cv2.warpAffine(
        part,
        np.column_stack([turn, start]),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.uint8, copy=False)
    # last, so that a gray crop is exactly that of the color crop
    return gray(face) if channels == 1 else face


def _shrunk(face: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Average squares of pixels; a rest at the right and below is dropped."""
    if factor == 1:
        return face
    rows, columns = (max(1, pixels // factor) for pixels in face.shape[:2])
    whole = face[: rows * factor, : columns * factor]
    small = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def model_input(
    face: NDArray[np.uint8],
    height: int,
    width: int,
    colors: Colors = "gray",
    *,
    light: Light = "corrected",
    levels: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Create the raw model input from one face: in the model's colors, size and light.

    An int8 model with uint8 input uses these pixels unchanged; a float model uses them times
    `PIXEL_SCALE` (`as_real`).

    Args:
        face: uint8, (any height, any width[, 3 or 4]), gray or BGR(A).
        height: The model's input height in pixels.
        width: The model's input width in pixels.
        colors: Channels of the model; a gray face is repeated for three channels.
        light: Whether a dark, pale or noisy face is corrected (`faces.light`).
        levels: uint8, (256,), value from 0 to 255 of each level of a gray face; None for
            full-range levels. Applied to the resized face, which has far fewer pixels.

    Returns:
        uint8, (height, width, 1), or (height, width, 3) for rgb and bgr.
    """
    pixels = resized(face, height, width, colors)
    pixels = pixels if levels is None else levels[pixels]
    return corrected(pixels) if light == "corrected" else pixels


def resized(
    face: NDArray[np.uint8], height: int, width: int, colors: Colors = "gray"
) -> NDArray[np.uint8]:
    """Resize a face, and convert its colors: as in `model_input`, which then corrects its light.

    Returns:
        uint8, (height, width, 1), or (height, width, 3) for rgb and bgr.
    """
    face = gray(face) if colors == "gray" else _in_order(face, colors)
    if face.shape[:2] != (height, width):
        # area averaging is OpenCV's recommendation for shrinking; for enlarging it would produce
        # blocks
        shrinks = face.shape[0] >= height and face.shape[1] >= width
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        face = cv2.resize(face, (width, height), interpolation=method).astype(np.uint8, copy=False)
    return face if face.ndim == 3 else face[..., np.newaxis]


def _in_order(face: NDArray[np.uint8], colors: Colors) -> NDArray[np.uint8]:
    if face.ndim != 3 or face.shape[2] == 1:
        return np.repeat(gray(face)[..., np.newaxis], 3, axis=2)
    gray(face[:1, :1])  # checks type and channels
    code = cv2.COLOR_BGR2RGB if colors == "rgb" else None
    if face.shape[2] == 4:
        code = cv2.COLOR_BGRA2RGB if colors == "rgb" else cv2.COLOR_BGRA2BGR
    return face if code is None else cv2.cvtColor(face, code).astype(np.uint8, copy=False)


def model_inputs(
    faces: NDArray[np.uint8], height: int, width: int, *, light: Light = "corrected"
) -> NDArray[np.uint8]:
    """Create the raw input of a gray model from many faces: uint8, (n, height, width, 1)."""
    return np.stack([model_input(face, height, width, light=light) for face in faces])


def as_real(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Scale raw model input to the real values of a float model, 0 to 1."""
    real: NDArray[np.float32] = pixels.astype(np.float32) * np.float32(PIXEL_SCALE)
    return real
