"""A model's input tensor: its value for each pixel value, checked against the card.

Files from `fer-edge convert` read gray from 0 to 1; for integer types the raw pixel is the tensor's
value. Foreign files may have three channels and other ranges.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import PIXEL_SCALE, as_real
from fer_edge.model.card import InputSpec

DTYPES = (np.float32, np.uint8, np.int8, np.int16)

RANGE_TOLERANCE = 0.1
"""Tolerance at either end of a quantized tensor's range, as a share of the card's range, where the
tensor covers more."""

LEAST_COVERED = 0.6
"""Smallest share of the card's range that a quantized tensor covers: calibration data seldom
contains the blackest black. Values beyond the tensor's range are clipped."""


def pixel_numbers(spec: InputSpec, tensor: Mapping[str, Any], path: Path) -> NDArray[Any]:
    """Return the tensor's value for each pixel value.

    Args:
        spec: Input in the card.
        tensor: The interpreter's details of the input: `dtype` and `quantization`.
        path: Path of the model, for messages.

    Returns:
        (256,), of the tensor's type.

    Raises:
        ModelError: The type is not supported, or the tensor's range differs from the card's.
    """
    dtype = tensor["dtype"]
    if dtype not in DTYPES:
        raise ModelError(
            f"{path}: input of {np.dtype(dtype).name} is not supported; "
            "expected float32, uint8, int8 or int16"
        )
    pixels = np.arange(256, dtype=np.uint8)
    if dtype == np.float32:
        if (spec.minimum, spec.maximum) == (0.0, 1.0):
            return as_real(pixels)
        return _reals(spec).astype(np.float32)
    scale, zero_point = float(tensor["quantization"][0]), int(tensor["quantization"][1])
    _check_range(spec, dtype, scale, zero_point, path)
    ends = np.iinfo(dtype)
    numbers = np.rint(_reals(spec) / scale + zero_point).clip(ends.min, ends.max)
    return numbers.astype(dtype)


def _reals(spec: InputSpec) -> NDArray[np.float64]:
    steps = np.arange(256, dtype=np.float64) * PIXEL_SCALE
    reals: NDArray[np.float64] = spec.minimum + steps * (spec.maximum - spec.minimum)
    return reals


def _check_range(spec: InputSpec, dtype: Any, scale: float, zero_point: int, path: Path) -> None:
    """Check that the tensor covers most of the card's range, and for 8 bits not much more."""
    ends = np.iinfo(dtype)
    low, high = scale * (ends.min - zero_point), scale * (ends.max - zero_point)
    span = spec.maximum - spec.minimum
    fits = min(high, spec.maximum) - max(low, spec.minimum) >= LEAST_COVERED * span
    if dtype != np.int16:
        tolerance = RANGE_TOLERANCE * span
        fits = fits and low >= spec.minimum - tolerance and high <= spec.maximum + tolerance
    if not fits or scale <= 0:
        raise ModelError(
            f"{path}: the card states {spec.channels} input channels from {spec.minimum} to "
            f"{spec.maximum}, but the tensor's scale {scale:.6g} and zero point {zero_point} "
            f"cover {low:.6g} to {high:.6g}; attach the card again with the "
            "range that the network was trained with"
        )
