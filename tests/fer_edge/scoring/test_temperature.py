import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import DatasetError, ModelError
from fer_edge.scoring.temperature import (
    FLOAT_FLOOR,
    HIGHEST,
    LOWEST,
    at_temperature,
    cross_fit,
    fit_temperature,
    output_floor,
)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def boastful(
    n: int, temperature: float, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return probabilities of logits times `temperature`, and labels drawn without this factor."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (n, 7))
    truth = softmax(logits).astype(np.float64)
    below = (truth / truth.sum(axis=1, keepdims=True)).cumsum(axis=1)
    drawn = (random.random((n, 1)) > below).sum(axis=1).clip(max=6)
    return softmax(logits * temperature), drawn.astype(np.uint8)


def as_int8(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    return (np.round(probabilities * 256).clip(max=255) / 256).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.4, 0.9, 1.7, 3.0])
def test_a_power_of_probabilities_is_a_scaling_of_logits(temperature: float) -> None:
    logits = np.random.default_rng(0).normal(0, 3, (50, 7))
    read = at_temperature(softmax(logits), temperature)
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, softmax(logits / temperature), atol=1e-6)


def test_temperature_1_gives_back_what_came_in() -> None:
    sums_to_less = np.array([0.5, 0.25, 0.0], np.float32)
    assert at_temperature(sums_to_less, 1.0) is sums_to_less


@pytest.mark.parametrize("temperature", [LOWEST, 0.97, 1.018, HIGHEST])
def test_the_order_of_the_classes_stays(temperature: float) -> None:
    probabilities, _ = boastful(2000, 1.0)
    for rows, floor in ((probabilities, FLOAT_FLOOR), (as_int8(probabilities), 1 / 512)):
        read = at_temperature(rows, temperature, floor)
        assert np.array_equal(read.argmax(axis=1), rows.argmax(axis=1))
        assert (np.diff(np.take_along_axis(read, rows.argsort(axis=1), axis=1)) >= 0).all()
        np.testing.assert_allclose(read.sum(axis=1), 1, atol=1e-6)


def test_an_output_of_0_is_taken_for_half_a_step() -> None:
    assert output_floor(1 / 256) == 1 / 512
    assert output_floor(0.0) == FLOAT_FLOOR
    row = np.array([[255, 1, 0]], np.float32) / 256
    (read,) = at_temperature(row, 2.0, output_floor(1 / 256))
    assert read[2] / read[1] == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert np.isfinite(at_temperature(np.array([1, 0, 0], np.float32), LOWEST)).all()


@pytest.mark.parametrize("expected", [0.5, 1.0, 1.6, 2.5])
def test_the_temperature_that_a_model_is_off_by_is_found(expected: float) -> None:
    probabilities, labels = boastful(6000, expected)
    assert fit_temperature(probabilities, labels) == pytest.approx(expected, rel=0.05)


def test_the_fit_is_where_no_other_temperature_is_likelier() -> None:
    probabilities, labels = boastful(500, 1.3, seed=4)
    rows = np.arange(500)

    def loss(temperature: float) -> float:
        return float(-np.log(at_temperature(probabilities, temperature)[rows, labels]).mean())

    fitted = fit_temperature(probabilities, labels)
    assert all(loss(fitted) < loss(fitted * factor) for factor in (0.5, 0.97, 1.03, 2.0))


def test_a_fit_stays_within_its_bounds() -> None:
    rows = np.full((60, 3), 0.2, np.float32)
    rows[:, 0] = 0.6
    assert fit_temperature(rows, np.zeros(60, np.uint8)) == pytest.approx(LOWEST)
    assert fit_temperature(rows, np.ones(60, np.uint8)) == pytest.approx(HIGHEST)


def test_a_boastful_model_is_calibrated_and_judged_by_the_other_half() -> None:
    probabilities, labels = boastful(4000, 2.0)
    fit = cross_fit(probabilities, labels)
    assert fit.temperature == pytest.approx(2.0, rel=0.05)
    assert (fit.error_before > 0.15, fit.error_after < 0.03) == (True, True)
    # int8 rounds the smallest probabilities to 0, so the fit has less information
    coarse = cross_fit(as_int8(probabilities), labels, output_floor(1 / 256))
    assert 1.5 < coarse.temperature < 2.0
    assert coarse.error_after < 0.3 * coarse.error_before


def test_a_temperature_that_helps_no_other_face_is_left_at_1() -> None:
    # labels are random: a temperature that fits one half may not fit the other
    probabilities, labels = boastful(60, 1.0, seed=1)
    honest = [cross_fit(*boastful(60, 1.0, seed=seed)) for seed in range(20)]
    left = [fit for fit in honest if fit.temperature == 1.0]
    assert len(left) > 5
    assert all(fit.error_after == fit.error_before for fit in left)
    assert cross_fit(probabilities, labels) == cross_fit(probabilities, labels)


@pytest.mark.parametrize("shift", [-9.0, 9.0, np.nan])
def test_outputs_that_are_not_probabilities_are_refused(shift: float) -> None:
    probabilities, labels = boastful(60, 2.0)
    with pytest.raises(ModelError, match=r"expected probabilities that add up to 1"):
        cross_fit(probabilities + np.float32(shift), labels)


def test_too_few_faces_are_refused() -> None:
    probabilities, labels = boastful(49, 2.0)
    with pytest.raises(DatasetError, match=r"49 faces are too few .* at least 50"):
        cross_fit(probabilities, labels)
    with pytest.raises(DatasetError, match="0 labels"):
        fit_temperature(probabilities[:0], labels[:0])
