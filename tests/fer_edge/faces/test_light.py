from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray

from fer_edge.faces.light import corrected, noise, tone
from fer_edge.faces.preprocess import model_input
from fer_edge.inference.model import TFLiteModel
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from tests.support.clear_line import assert_one_clear_line


@pytest.fixture
def face() -> NDArray[np.uint8]:
    """A smooth picture in normal light: uint8, (48, 48, 1), 40 to 230."""
    y, x = np.mgrid[:48, :48] / 47
    return (135 + 95 * np.sin(3 * x) * np.cos(4 * y)).round().astype(np.uint8)[..., np.newaxis]


def noisy(pixels: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Add noise with a standard deviation in gray values."""
    added = pixels + np.random.default_rng(0).normal(0, sigma, pixels.shape)
    return added.round().clip(0, 255).astype(np.uint8)


def distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean absolute difference in gray values."""
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


def test_a_face_in_normal_light_is_left_alone(face: NDArray[np.uint8]) -> None:
    assert corrected(face) is face


@pytest.mark.parametrize("share", [0.4, 0.25, 0.125, 0.0625])
def test_a_dark_face_gets_the_light_of_a_bright_one(face: NDArray[np.uint8], share: float) -> None:
    dark = (face * share).astype(np.uint8)
    bright = corrected(dark)
    assert (bright.shape, bright.dtype) == (face.shape, np.uint8)
    assert 165 <= np.percentile(bright[7:-7, 7:-7], 95) <= 195
    # at a sixteenth of the light fifteen gray levels are left: one of them is worth twelve
    assert distance(bright, face * (180 / np.percentile(face, 95))) < 13


def test_a_picture_with_hardly_any_light_stays_dark() -> None:
    black = np.zeros((48, 48, 1), np.uint8)
    assert corrected(black) is black
    assert corrected(black + 2).max() == 32


@pytest.mark.parametrize("middle", [60, 128, 200])
def test_a_pale_face_gets_contrast(face: NDArray[np.uint8], middle: int) -> None:
    pale = (middle + (face.astype(float) - 128) * 0.2).round().astype(np.uint8)
    clear = corrected(pale)[7:-7, 7:-7]
    low, high = np.percentile(clear, [5, 95])
    assert 120 <= high - low <= 140
    assert 170 <= high <= 190


def test_tone_changes_only_what_is_dark_or_pale() -> None:
    assert tone(40, 200) == (1.0, 0.0)
    assert tone(0, 0) == tone(128, 128) == (1.0, 0.0)
    assert tone(10, 90) == (2.0, 0.0)
    gain, offset = tone(100, 150)
    assert (gain * 100 + offset, gain * 150 + offset) == pytest.approx((50, 180))
    assert tone(1, 2)[0] == tone(120, 122)[0] == 16.0


def test_only_light_parts_become_white(face: NDArray[np.uint8]) -> None:
    dark = (face * 0.25).astype(np.uint8)
    dark[0, 0] = 200  # a lamp
    bright = corrected(dark)
    assert bright[0, 0] == 255
    order = np.argsort(dark.ravel(), kind="stable")
    assert (np.diff(bright.ravel()[order].astype(int)) >= 0).all()


def test_noise_is_estimated(face: NDArray[np.uint8]) -> None:
    assert noise(face) < 2
    for sigma in (5, 10, 20):
        assert noise(noisy(face, sigma)) == pytest.approx(sigma, rel=0.15)


def test_a_noisy_face_is_smoothed_and_a_less_noisy_one_is_left_alone(
    face: NDArray[np.uint8],
) -> None:
    rough, slight = noisy(face, 20), noisy(face, 6)
    smooth = corrected(rough)
    assert (smooth.shape, smooth.dtype) == (face.shape, np.uint8)
    assert distance(smooth, face) < 0.8 * distance(rough, face)
    assert corrected(slight) is slight


def test_noise_that_brightening_reveals_is_smoothed(face: NDArray[np.uint8]) -> None:
    dark = noisy((face * 0.125).astype(np.uint8), 3)
    assert noise(dark) < 10
    gain = 180 / np.percentile(dark, 95)
    unsmoothed = np.minimum(dark * gain, 255).round().astype(np.uint8)
    assert distance(corrected(dark), unsmoothed) > 3


def test_a_color_face_keeps_its_colors(face: NDArray[np.uint8]) -> None:
    color = np.concatenate([face // 2, face, face // 4 * 3], axis=2)
    assert corrected(color) is color
    bright = corrected((color * 0.25).astype(np.uint8))
    assert bright.shape == color.shape
    for channel, share in ((0, 0.5), (2, 0.75)):
        ratio = bright[..., channel].mean() / bright[..., 1].mean()
        assert ratio == pytest.approx(share, abs=0.05)


def test_the_card_decides(face: NDArray[np.uint8]) -> None:
    file = read_model(find_model("tiny"))
    assert file.card.input.light == "corrected"
    dark = (face[..., 0] * 0.25).astype(np.uint8)
    plain = replace(file.card, input=replace(file.card.input, light="unchanged"))
    with TFLiteModel(file) as served, TFLiteModel(replace(file, card=plain)) as unchanged:
        assert np.array_equal(served.input_of(dark), corrected(dark[..., np.newaxis]))
        assert np.array_equal(unchanged.input_of(dark)[..., 0], dark)


def test_a_file_from_elsewhere_is_corrected_if_its_card_is_edited(
    fer_edge: Callable[..., Result], tmp_path: Path
) -> None:
    file, path = read_model(find_model("tiny")), tmp_path / "theirs.tflite"
    path.write_bytes(file.flatbuffer)
    attach = ("card", "attach", path, "--labels", ",".join(file.card.labels), "--overwrite")
    assert fer_edge(*attach).exit_code == 0
    assert read_model(path).card.input.light == "unchanged"
    edit = ("card", "edit", path, "--overwrite", "--set")
    assert_one_clear_line(
        fer_edge(*edit, "input.light=brighter"), "light", "'brighter'", "corrected"
    )
    assert fer_edge(*edit, "input.light=corrected").exit_code == 0
    assert read_model(path).card.input.light == "corrected"


def test_levels_come_before_the_light(face: NDArray[np.uint8]) -> None:
    # a video's black is 16 and its white 235
    levels = (np.clip((np.arange(256) - 16) / 219, 0, 1) * 255).round().astype(np.uint8)
    video = (16 + face[..., 0] * 0.25 * 219 / 255).astype(np.uint8)
    made = model_input(video, 48, 48, levels=levels)
    assert np.array_equal(made, corrected(levels[video][..., np.newaxis]))
