from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import ConfigError
from fer_edge.faces.preprocess import (
    Box,
    CropPolicy,
    as_real,
    crop,
    gray,
    model_input,
    model_inputs,
    resized,
)

CENTERED = CropPolicy(side=1.0, center_x=0.5, center_y=0.5)


@pytest.fixture
def image() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)


def by_hand(image: NDArray[np.uint8], left: int, top: int, side: int) -> NDArray[np.uint8]:
    """Crop pixel by pixel; a pixel outside the image has the value of the nearest one inside."""
    height, width = image.shape
    return np.array(
        [
            [
                image[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]
                for x in range(left, left + side)
            ]
            for y in range(top, top + side)
        ],
        np.uint8,
    )


@pytest.mark.parametrize("side", [1, 7, 20, 90])
@pytest.mark.parametrize("left", [-200, -20, -5, 0, 30, 55, 60, 300])
@pytest.mark.parametrize("top", [-300, -3, 10, 39, 41, 200])
def test_a_crop_is_the_square_with_the_image_edge_repeated(
    image: NDArray[np.uint8], left: int, top: int, side: int
) -> None:
    face = crop(image, Box(left, top, left + side, top + side), CENTERED)
    assert face.dtype == np.uint8
    assert np.array_equal(face, by_hand(image, left, top, side))


def test_a_color_crop_is_the_crop_of_the_gray_image(image: NDArray[np.uint8]) -> None:
    color = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    for box in (Box(5, 5, 20, 20), Box(-5, 30, 10, 45)):
        assert np.array_equal(crop(color, box, CENTERED), crop(gray(color), box, CENTERED))


def test_a_crop_leaves_the_image_as_it_was(image: NDArray[np.uint8]) -> None:
    before = image.copy()
    crop(image, Box(-5, -5, 30, 30), CENTERED)[:] = 0
    assert np.array_equal(before[30:], image[30:])


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_a_tiny_image_gives_a_square(size: tuple[int, int]) -> None:
    image = np.full(size, 7, np.uint8)
    face = crop(image, Box(-3.4, 0.2, 8.9, 12.2), CENTERED)
    assert face.shape == (12, 12)
    assert (face == 7).all()


@pytest.mark.parametrize(
    "numbers", [{"side": 0.0}, {"side": float("nan")}, {"center_x": 3.0}, {"center_y": -2.0}]
)
def test_a_policy_out_of_range_is_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"the crop's {next(iter(numbers))} is .*; expected"):
        CropPolicy(**numbers)


def test_the_policy_puts_the_center_of_the_box_where_it_says() -> None:
    square = CropPolicy(side=2.0, center_x=0.25, center_y=0.75).square(Box(10, 20, 30, 60))
    assert (square.width, square.height) == (80, 80)
    assert square.left + 0.25 * 80 == 20
    assert square.top + 0.75 * 80 == 40


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4, 3, 1), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_what_is_no_image_is_refused(image: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="not supported; expected uint8"):
        gray(image)


def test_a_face_of_the_right_size_stays_as_it_is(image: NDArray[np.uint8]) -> None:
    assert np.array_equal(resized(image, 40, 60)[..., 0], image)
    assert np.array_equal(resized(image[..., None], 40, 60)[..., 0], image)


@pytest.mark.parametrize("size", [(48, 48), (96, 96), (24, 24), (24, 96), (1, 1), (300, 200)])
@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_any_face_becomes_the_model_size(size: tuple[int, int], channels: tuple[int, ...]) -> None:
    face = np.full((*size, *channels), 77, np.uint8)
    made = resized(face, 48, 48)
    assert (made.shape, made.dtype) == ((48, 48, 1), np.uint8)
    assert (made == 77).all()


def test_many_faces_are_made_like_one(image: NDArray[np.uint8]) -> None:
    many = model_inputs(np.stack([image, 255 - image]), 48, 48)
    assert np.array_equal(many[0], model_input(image, 48, 48))
    assert many.shape == (2, 48, 48, 1)


def test_a_gray_png_read_as_bgr_gives_the_very_same_pixels(tmp_path: Path) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    cv2.imwrite(str(tmp_path / "gray.png"), every)
    read = cv2.imread(str(tmp_path / "gray.png"), cv2.IMREAD_COLOR)
    assert read.shape == (16, 16, 3)
    assert np.array_equal(gray(read), every)


def test_a_real_pixel_is_the_raw_one_over_255() -> None:
    every = np.arange(256, dtype=np.uint8)
    real = as_real(every)
    assert real.dtype == np.float32
    assert (real[0], real[255]) == (0.0, 1.0)
    assert np.array_equal(np.rint(real * 255).astype(np.uint8), every)
