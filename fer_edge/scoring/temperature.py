"""Temperature scaling: one number that calibrates a model's probabilities.

Guo et al. 2017, "On Calibration of Modern Neural Networks" (arXiv:1706.04599), section 4.2: the
logits are divided by one temperature, which is fitted on validation faces. A `.tflite` file ends in
its softmax, so the logits are not available, but p ** (1 / T) divided by its sum is the same. The
order of the classes never changes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError, ModelError
from fer_edge.scoring.scores import calibration_error

LOWEST, HIGHEST = 0.2, 5.0
"""Range of fitted temperatures: beyond it, there are too few faces or they are too easy."""

FLOAT_FLOOR = float(np.finfo(np.float32).tiny)
"""Smallest probability of a float output; see `output_floor`."""

MIN_FACES = 50
_FOLDS_SEED = 0


@dataclass(frozen=True, slots=True)
class TemperatureScaling:
    """A fitted temperature, and its effect.

    Attributes:
        value: The temperature: values above 1 flatten the probabilities, values below 1 sharpen
            them.
        faces: Number of faces that it was fitted on.
        split: Split of the face set.
        digest: Digest of these faces (`FaceSet.digest`).
        error_before: Expected calibration error on them at temperature 1, 15 bins, a share.
        error_after: The same with cross-fitting: each half of the faces is evaluated at the
            temperature fitted on the other half.
    """

    value: float
    faces: int
    split: str
    digest: str
    error_before: float
    error_after: float

    def __post_init__(self) -> None:
        if not LOWEST <= self.value <= HIGHEST:
            raise ModelError(
                f"the card's temperature is {self.value:g}, expected {LOWEST:g} to {HIGHEST:g}; "
                "fit it: fer-edge card calibrate"
            )

    def describe(self) -> str:
        """Format it in one line."""
        return (
            f"temperature {self.value:.3f}, fitted on {self.faces:,} {self.split} faces: "
            f"calibration error {self.error_before:.2%} before, {self.error_after:.2%} after "
            "(cross-fitted)"
        )


def output_floor(scale: float) -> float:
    """Return the probability to assume for an output of 0.

    An int8 output of exactly 0 means anything below half a quantization step. This half step, the
    upper end, is assumed: the lowest possible loss for a true class that was rounded to 0.

    Args:
        scale: Quantization step of the output tensor, such as 1/256; 0 for a float output.
    """
    return scale / 2 if scale else FLOAT_FLOOR


def at_temperature(
    probabilities: NDArray[np.float32], temperature: float, floor: float = FLOAT_FLOOR
) -> NDArray[np.float32]:
    """Scale probabilities to a temperature: p ** (1 / T), divided by its sum.

    Args:
        probabilities: float32, (..., classes), from a softmax.
        temperature: Above 0; 1 returns the input unchanged.
        floor: Lowest probability to assume; see `output_floor`.

    Returns:
        float32, (..., classes), rows sum to 1.
    """
    return probabilities if temperature == 1.0 else _scaled(probabilities, temperature, floor)


def fit_temperature(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], floor: float = FLOAT_FLOOR
) -> float:
    """Return the temperature with the lowest mean negative log-likelihood.

    The loss is convex in 1 / T, so its derivative is bisected.

    Args:
        probabilities: float32, (n, classes), at temperature 1.
        labels: uint8, (n,), below the number of classes.
        floor: See `output_floor`.

    Raises:
        DatasetError: There are no faces.
    """
    if len(labels) == 0 or len(labels) != len(probabilities):
        raise DatasetError(
            f"a temperature cannot be fitted on {len(labels)} labels and {len(probabilities)} "
            "faces; expected at least one face, and one label for each"
        )
    logits = np.log(np.maximum(probabilities.astype(np.float64), floor))
    own = logits[np.arange(len(labels)), labels].mean()
    low, high = 1 / HIGHEST, 1 / LOWEST
    for _ in range(50):
        middle = (low + high) / 2
        powers = np.exp(middle * (logits - logits.max(axis=1, keepdims=True)))
        expected = (powers * logits).sum(axis=1) / powers.sum(axis=1)
        low, high = (middle, high) if expected.mean() < own else (low, middle)
    return float(2 / (low + high))


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted temperature and the calibration errors; see `TemperatureScaling`."""

    temperature: float
    error_before: float
    error_after: float


def cross_fit(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], floor: float = FLOAT_FLOOR
) -> Fit:
    """Fit a temperature on labeled faces and measure its effect on held-out faces.

    If a temperature does not lower the loss of held-out faces (two-fold), it stays 1: these faces
    show no room for improvement.

    Args:
        probabilities: float32, (n, classes), at temperature 1.
        labels: uint8, (n,), below the number of classes.
        floor: See `output_floor`.

    Raises:
        DatasetError: There are fewer than `MIN_FACES` faces.
        ModelError: The outputs are not probabilities.
    """
    if len(labels) < MIN_FACES:
        raise DatasetError(
            f"{len(labels)} faces are too few to fit a temperature on; "
            f"expected at least {MIN_FACES}"
        )
    before = calibration_error(probabilities, labels)
    if before is None:
        raise ModelError(
            f"the model's outputs go from {probabilities.min():.3g} to {probabilities.max():.3g}, "
            "expected probabilities that add up to 1, of which alone a temperature can be fitted; "
            "convert the source network instead, which adds a softmax: fer-edge convert"
        )
    crossed = np.empty_like(probabilities)
    order = np.random.default_rng(_FOLDS_SEED).permutation(len(labels))
    halves = np.array_split(order, 2)
    for fitted, judged in (halves, halves[::-1]):
        value = fit_temperature(probabilities[fitted], labels[fitted], floor)
        crossed[judged] = _scaled(probabilities[judged], value, floor)
    # rows of an int8 output do not exactly sum to 1: normalize them for both losses
    if _loss(crossed, labels) >= _loss(_scaled(probabilities, 1.0, floor), labels):
        return Fit(1.0, before, before)
    value = fit_temperature(probabilities, labels, floor)
    after = calibration_error(crossed, labels)
    return Fit(value, before, before if after is None else after)


def _scaled(
    probabilities: NDArray[np.float32], temperature: float, floor: float
) -> NDArray[np.float32]:
    # in double precision, otherwise two classes that differ slightly could become equal
    powers = np.maximum(probabilities, floor).astype(np.float64) ** (1.0 / temperature)
    scaled: NDArray[np.float32] = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def _loss(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.maximum(own, FLOAT_FLOOR)).mean())
