"""The bundled aligner on photographs that are turned, and a file that contradicts its card."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("matplotlib", reason="its photograph is the face")

from fer_edge.aligner.aligner import Aligner, open_aligner
from fer_edge.aligner.file import bundled_aligner, read_aligner
from fer_edge.aligner.placement import Placement
from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import Box, crop
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.detection.yunet import YuNet


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return open_aligner()


def turned(degrees: float) -> tuple[NDArray[np.uint8], Box]:
    """Return the photograph turned clockwise, and the box of its face."""
    photo = read_picture(sample_photo())
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    image = cv2.warpAffine(photo, turn, (width, height)).astype(np.uint8)
    (face,) = YuNet(long_side_px=640).detect(image)
    return image, face.box


@pytest.mark.parametrize("degrees", [-50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50])
def test_the_roll_of_a_face_is_found(aligner: Aligner, degrees: int) -> None:
    upright, found = (aligner.align(*turned(angle)).roll_degrees for angle in (0, degrees))
    assert found - upright == pytest.approx(degrees, abs=12)


@pytest.mark.parametrize("degrees", [-30, 25])
def test_an_aligned_crop_of_a_tilted_face_resembles_that_of_the_upright_one(
    aligner: Aligner, degrees: int
) -> None:
    def cut(image: NDArray[np.uint8], box: Box, placement: Placement) -> NDArray[np.float32]:
        policy = aligner.file.card.crop
        face = crop(image, placement.box_of(box), policy, roll_degrees=placement.roll_degrees)
        small = cv2.resize(face, (24, 24), interpolation=cv2.INTER_AREA).astype(np.float32)
        return (small - small.mean()) / small.std()

    def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
        return float((one * other).mean())

    (upright, box), (tilted, tilted_box) = turned(0), turned(degrees)
    expected = cut(upright, box, aligner.align(upright, box))
    aligned = cut(tilted, tilted_box, aligner.align(tilted, tilted_box))
    unaligned = cut(tilted, tilted_box, Placement())
    assert likeness(aligned, expected) > max(0.5, likeness(unaligned, expected) + 0.2)


@pytest.mark.parametrize("scale", [0.8, 1.25])
def test_a_box_that_is_too_small_or_too_large_is_corrected(aligner: Aligner, scale: float) -> None:
    image, box = turned(0)
    wrong = Placement(scale=scale).box_of(box)
    sides = [aligner.align(image, one).box_of(one).height for one in (box, wrong)]
    assert sides[1] / sides[0] == pytest.approx(1, abs=0.12)


def test_gray_levels_of_a_video_give_the_placement_of_full_range(aligner: Aligner) -> None:
    image, box = turned(10)
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    limited = np.rint(16 + gray * (219 / 255)).astype(np.uint8)
    levels = ((np.arange(256.0) - 16) * (255 / 219)).round().clip(0, 255).astype(np.uint8)
    found = aligner.align(limited, box, levels)
    assert found.roll_degrees == pytest.approx(aligner.align(gray, box).roll_degrees, abs=1.5)


@pytest.mark.parametrize("box", [Box(-900, -900, -800, -790), Box(0, 0, 0.2, 0.2)])
def test_a_box_beyond_the_picture_has_a_placement_too(aligner: Aligner, box: Box) -> None:
    placement = aligner.align(np.zeros((50, 60, 3), np.uint8), box)
    assert all(map(np.isfinite, (placement.roll_degrees, placement.scale, placement.x)))


def test_a_file_that_contradicts_its_card_is_refused() -> None:
    file = read_aligner(bundled_aligner())
    wrong = replace(file, card=replace(file.card, height=file.card.height + 1))
    with pytest.raises(ModelError, match="the card states"):
        Aligner(wrong)
