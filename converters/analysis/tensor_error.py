"""Error of a quantized tensor against its float original: arrays in, numbers out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..quantization.probe import Grid


@dataclass(frozen=True, slots=True)
class ErrorSums:
    """Sums over the values of one tensor; those of several inferences are added with `+`.

    Attributes:
        count: Number of values.
        signal: Sum of squares of the float values, float64 (channels,).
        noise: Sum of squares of quantized minus float, float64 (channels,).
        rounding: The same for the float values rounded to the grid directly, as if everything
            before this tensor were float: rounding and clipping of this tensor alone.
        product: Sum of quantized times float.
        power: Sum of squares of the quantized values.
        saturated: Number of values stored at the end of the integer range with a float value beyond
            it.
        loud: Number of float values above 1/16 of the largest value on the grid.
        largest: Largest absolute error.
        lowest_real: Smallest float value, or 0 if that is lower.
        highest_real: Largest float value, or 0 if that is higher.
    """

    count: int
    signal: NDArray[np.float64]
    noise: NDArray[np.float64]
    rounding: NDArray[np.float64]
    product: float
    power: float
    saturated: int
    loud: int
    largest: float
    lowest_real: float
    highest_real: float

    def __add__(self, other: "ErrorSums") -> "ErrorSums":
        return ErrorSums(
            count=self.count + other.count,
            signal=self.signal + other.signal,
            noise=self.noise + other.noise,
            rounding=self.rounding + other.rounding,
            product=self.product + other.product,
            power=self.power + other.power,
            saturated=self.saturated + other.saturated,
            loud=self.loud + other.loud,
            largest=max(self.largest, other.largest),
            lowest_real=min(self.lowest_real, other.lowest_real),
            highest_real=max(self.highest_real, other.highest_real),
        )

    @property
    def snr_db(self) -> float:
        """Signal-to-noise ratio of the whole tensor."""
        return decibels(self.signal.sum(), self.noise.sum())

    @property
    def channel_snr_db(self) -> float:
        """SNR of the median channel, which a loud channel cannot influence."""
        return _median_channel(self.signal, self.noise)

    @property
    def rounding_snr_db(self) -> float:
        """SNR of the median channel if only this tensor were quantized."""
        return _median_channel(self.signal, self.rounding)

    @property
    def cosine(self) -> float:
        """Cosine of the angle between the float and the quantized tensor."""
        length = float(np.sqrt(self.signal.sum() * self.power))
        if length == 0:
            return 1.0 if self.signal.sum() == self.power else 0.0
        return min(1.0, self.product / length)

    @property
    def saturated_share(self) -> float:
        """Share of saturated values, 0 to 1."""
        return self.saturated / self.count

    @property
    def loud_share(self) -> float:
        """Share of values above 1/16 of the range, 0 to 1."""
        return self.loud / self.count


def measure_error(
    real: NDArray[np.float32], stored: NDArray[Any], grid: Grid | None = None
) -> ErrorSums:
    """Compare a tensor of one inference with its float original.

    Args:
        real: Float tensor, (..., channels).
        stored: The same tensor in the other file, same shape: integers, or float32.
        grid: Values of the integers; None if `stored` is float or has plain integers.

    Raises:
        ValueError: The shapes differ.
    """
    if real.shape != stored.shape:
        raise ValueError(f"tensors of {real.shape} and {stored.shape} cannot be compared")
    channels = real.shape[-1] if real.ndim else 1
    wanted = real.astype(np.float64).reshape(-1, channels)
    integers = stored.reshape(-1, channels)
    if grid is None:
        got, alone, saturated, end = integers.astype(np.float64), wanted, 0, np.inf
    else:
        got = grid.dequantize(integers)
        alone = grid.dequantize(grid.quantize(wanted))
        # up to half a step beyond the last value rounds to it: that is not saturation
        low, high = grid.dequantize(np.array([grid.lowest - 0.5, grid.highest + 0.5]))
        at_end = (integers == grid.lowest) & (wanted < low)
        at_end |= (integers == grid.highest) & (wanted > high)
        saturated, end = int(at_end.sum()), max(-low, high)
    error = got - wanted
    return ErrorSums(
        count=wanted.size,
        signal=np.square(wanted).sum(axis=0),
        noise=np.square(error).sum(axis=0),
        rounding=np.square(alone - wanted).sum(axis=0),
        product=float((got * wanted).sum()),
        power=float(np.square(got).sum()),
        saturated=saturated,
        loud=int((np.abs(wanted) > end / 16).sum()),
        largest=float(np.abs(error).max(initial=0.0)),
        lowest_real=float(wanted.min(initial=0.0)),
        highest_real=float(wanted.max(initial=0.0)),
    )


@dataclass(frozen=True, slots=True)
class WeightError:
    """Error of a layer's stored weights against the float file's.

    Attributes:
        scales: Number of scales: 1, or one per output channel.
        worst_snr_db: SNR of the worst output channel.
        range_ratio: Largest over smallest range of the output channels; with one scale, a channel
            with a hundredth of the range has a hundredth of the levels.
        is_rounding: Whether each weight is within one step of the float weight; if not, the files
            contain different weights (one was trained further).
    """

    scales: int
    worst_snr_db: float
    range_ratio: float
    is_rounding: bool


def weight_error(
    real: NDArray[np.float64], stored: NDArray[np.float64], scales: tuple[float, ...], axis: int
) -> WeightError:
    """Compare the weights of a layer.

    Args:
        real: Float weights.
        stored: Weights of the other file as real values, same shape.
        scales: Their quantization scales; empty if they are float.
        axis: Axis of the output channels.
    """
    wanted = np.moveaxis(real, axis, 0).reshape(real.shape[axis], -1)
    error = np.moveaxis(stored, axis, 0).reshape(wanted.shape) - wanted
    ranges = np.abs(wanted).max(axis=1)
    alive = ranges > 0
    signal, noise = np.square(wanted).sum(axis=1), np.square(error).sum(axis=1)
    worst = min(
        (decibels(s, n) for s, n in zip(signal[alive], noise[alive], strict=True)),
        default=float("inf"),
    )
    # float16 weights, and weights into which another tool folded batch normalization
    step = np.array(scales or (0.0,))[:, np.newaxis] + 1e-3 * ranges.max(initial=0.0)
    return WeightError(
        scales=len(scales),
        worst_snr_db=worst,
        range_ratio=float(ranges[alive].max() / ranges[alive].min()) if alive.any() else 1.0,
        is_rounding=bool((np.abs(error) <= step).mean() > 0.99),
    )


def decibels(signal: float, noise: float) -> float:
    """Return 10 log10(signal / noise); infinite without noise."""
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal > 0 else float("-inf")


def _median_channel(signal: NDArray[np.float64], noise: NDArray[np.float64]) -> float:
    ratios = [decibels(s, n) for s, n in zip(signal, noise, strict=True) if s > 0]
    if not ratios:  # only zeros
        return decibels(signal.sum(), noise.sum())
    return float(np.sort(ratios)[len(ratios) // 2])  # not the mean of two: one may be infinite
