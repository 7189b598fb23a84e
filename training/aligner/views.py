"""Training faces as a detector's box may cut them: turned, scaled and shifted, on any background.

The labels cost nothing: each face of a face set counts as upright and well framed, and what is done
to it is known. The background must not give the answer away, so it varies: repeated edges, mirrored
edges, one gray, and other pictures into which the face fades.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_ROLL_DEGREES, _USUAL_ROLL_DEGREES, _USUAL_SHARE = 50.0, 8.0, 0.3
"""Rolls are uniform within the first number, or for a share of the faces normal with the second."""
_SCALES = (0.7, 1.5)
_SHIFT = 0.18
"""Both as YuNet's boxes in `benchmarks.crop_policy`: 5% are outside a scale of 0.71 to 1.35."""
_BORDERS = (cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)
_BORDER_SHARE = 0.5
_GAINS, _MEANS, _NOISE = (0.4, 1.2), (60.0, 170.0), 8.0


@dataclass(frozen=True, slots=True)
class Offset:
    """Where a face lies in a square, relative to an upright and well framed one.

    Attributes:
        roll_degrees: Rotation, clockwise in the picture.
        log_scale: Logarithm of its size.
        x: Shift to the right, in sides of the square.
        y: Shift downward, in sides of the square.
    """

    roll_degrees: float
    log_scale: float
    x: float
    y: float


def draw_offset(random: np.random.Generator) -> Offset:
    """Draw an offset as in a detector's boxes, with more large rolls."""
    is_usual = random.random() < _USUAL_SHARE
    roll = (
        random.normal(0, _USUAL_ROLL_DEGREES) if is_usual else random.uniform(-1, 1) * _ROLL_DEGREES
    )
    log_scale = random.uniform(*np.log(_SCALES))
    x, y = random.uniform(-_SHIFT, _SHIFT, 2)
    return Offset(float(roll), float(log_scale), float(x), float(y))


def make_view(
    face: NDArray[np.uint8],
    offset: Offset,
    other: NDArray[np.uint8],
    random: np.random.Generator,
) -> NDArray[np.uint8]:
    """Place a face with an offset on a background, and change its light.

    Args:
        face: uint8, (side, side), gray, upright and well framed.
        offset: Where to place it.
        other: uint8, (side, side): a picture that may become the background.
        random: Source of the background and the light.

    Returns:
        uint8, (side, side).
    """
    motion = _motion(offset, face.shape[0])
    if random.random() < _BORDER_SHARE:
        border = _BORDERS[random.integers(len(_BORDERS))]
        gray = int(random.integers(256)) if random.random() < 0.5 else 0
        view = cv2.warpAffine(face, motion, face.shape, borderMode=border, borderValue=gray)
    else:
        opacity = cv2.warpAffine(_fading(face.shape[0], random), motion, face.shape)
        behind = _background(face, other, random)
        view = opacity * cv2.warpAffine(face, motion, face.shape) + (1 - opacity) * behind
    if random.random() < 0.5:
        noise = random.normal(0, random.uniform(0, _NOISE), face.shape)
        view = (view - 128.0) * random.uniform(*_GAINS) + random.uniform(*_MEANS) + noise
    pixels: NDArray[np.uint8] = np.clip(np.rint(view), 0, 255).astype(np.uint8)
    return pixels


def _motion(offset: Offset, side: int) -> NDArray[np.float64]:
    middle = (side - 1) / 2
    motion = cv2.getRotationMatrix2D(
        (middle, middle), -offset.roll_degrees, math.exp(offset.log_scale)
    )
    motion[:, 2] += np.array([offset.x, offset.y]) * side
    return np.asarray(motion, np.float64)


def _fading(side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Return the opacity of a face: a shape between a diamond and a square with a soft edge."""
    places = np.abs(np.linspace(-1, 1, side))
    power, reach = random.uniform(1, 8), random.uniform(0.75, 1.0)
    distance = (places[:, np.newaxis] ** power + places**power) ** (1 / power)
    opacity: NDArray[np.float32] = ((reach - distance) / random.uniform(0.05, 0.3)).clip(0, 1)
    return opacity.astype(np.float32)


def _background(
    face: NDArray[np.uint8], other: NDArray[np.uint8], random: np.random.Generator
) -> NDArray[np.float32]:
    """Return a part of another picture, turned at random, or one gray."""
    if random.random() < 0.5:
        return np.full(face.shape, face.mean(), np.float32)
    side = face.shape[0]
    center = random.uniform(0, side - 1, 2).tolist()
    motion = cv2.getRotationMatrix2D(center, random.uniform(0, 360), random.uniform(1, 3))
    turned = cv2.warpAffine(other, motion, face.shape, borderMode=cv2.BORDER_REFLECT_101)
    return turned.astype(np.float32)
