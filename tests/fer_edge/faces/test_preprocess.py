from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, DetectorError
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


@pytest.mark.parametrize("policy", [CENTERED, CropPolicy(side=0.8, center_x=0.25, center_y=0.75)])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_crop_of_a_turned_image_is_turned_back(policy: CropPolicy, degrees: int) -> None:
    image = np.random.default_rng(2).integers(0, 256, (60, 60), dtype=np.uint8)
    turned = np.ascontiguousarray(np.rot90(image, -degrees // 90))  # clockwise
    # whole pixels, around the middle of the image: every pixel has a place in both
    face = crop(turned, Box(20, 20, 40, 40), policy, roll_degrees=degrees)
    assert np.array_equal(face, crop(image, Box(20, 20, 40, 40), policy))


def test_a_turned_gray_crop_is_the_gray_of_the_color_crop() -> None:
    image = np.random.default_rng(4).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    for least_px in (None, 10):
        one, three = (
            crop(image, Box(9, 9, 50, 50), CENTERED, channels=c, roll_degrees=20, least_px=least_px)
            for c in (1, 3)
        )
        assert np.array_equal(one, gray(three))


@pytest.mark.parametrize("degrees", [0, 30])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_crop_may_be_shrunk_by_a_whole_factor(degrees: int, channels: int) -> None:
    small = np.random.default_rng(3).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    image = cv2.resize(small, (600, 600), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    box = Box(201, 199, 407, 405)
    faces = [
        crop(image, box, CENTERED, channels=channels, roll_degrees=degrees, least_px=least_px)
        for least_px in (None, 100, 207)
    ]
    assert [face.shape[0] for face in faces] == [206, 103, 206]
    assert np.array_equal(faces[0], faces[2])
    expected = cv2.resize(faces[0], (103, 103), interpolation=cv2.INTER_AREA).astype(float)
    assert abs(faces[1] - expected)[2:-2, 2:-2].max() <= 12


@pytest.mark.parametrize("least_px", [None, 30, 20, 15, 8])
@pytest.mark.parametrize("degrees", [-80, -45, 3, 30, 45, 90])
def test_a_turned_crop_has_the_pixels_of_its_place_up_to_its_edge(
    degrees: int, least_px: int | None
) -> None:
    x, y = np.meshgrid(np.arange(120), np.arange(120))
    box = Box(30.5, 28, 91.25, 89)
    turn = np.deg2rad(degrees)
    for ramp in (x, y):
        image = (2 * ramp).astype(np.uint8)
        face = crop(image, box, CENTERED, roll_degrees=degrees, least_px=least_px)
        steps = ((np.arange(len(face)) + 0.5) / len(face) - 0.5) * box.height
        right, down = np.meshgrid(steps, steps)
        places_x = 60.875 + np.cos(turn) * right - np.sin(turn) * down
        places_y = 58.5 + np.sin(turn) * right + np.cos(turn) * down
        expected = 2 * (places_x if ramp is x else places_y) - 1  # at the centers of pixels
        assert abs(face - expected).max() < 2


@pytest.mark.parametrize("channels", [1, 3])
def test_beyond_the_image_a_turned_crop_repeats_the_edge(channels: int) -> None:
    image = np.full((30, 40, 3), 90, np.uint8)
    for box in (Box(-10, -10, 20, 20), Box(25, 15, 60, 50), Box(-99, -99, -60, -60)):
        face = crop(image, box, CENTERED, channels=channels, roll_degrees=33)
        assert face.shape[0] == face.shape[1] == round(box.height)
        assert (face == 90).all()


def test_a_turned_box_that_is_much_larger_than_its_image_is_refused() -> None:
    with pytest.raises(DetectorError, match="expected the box of a face"):
        crop(np.zeros((9, 9), np.uint8), Box(0, 0, 999, 999), CENTERED, roll_degrees=5)


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
