"""The framing of face sets that are cut from a photograph in known ways."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("matplotlib", reason="its photograph is the face")

from fer_edge.aligner.aligner import Aligner, open_aligner
from fer_edge.aligner.framing import Framing, describe_framing, framing_of
from fer_edge.faces.preprocess import Box, CropPolicy, crop
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.detection.yunet import YuNet

Images = NDArray[np.uint8]
Cut = Callable[..., Images]


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return open_aligner()


@pytest.fixture(scope="module")
def cut(aligner: Aligner) -> Cut:
    """Return a function from scale, shift and roll of a crop to a set of five such pictures."""
    photo = read_picture(sample_photo())
    (face,) = YuNet(long_side_px=640).detect(photo)
    placement = aligner.align(photo, face.box)
    box = placement.box_of(face.box)

    def pictures(scale: float = 1.0, x: float = 0.0, roll_degrees: float = 0.0) -> Images:
        middle_x = (box.left + box.right) / 2 + x * box.height
        middle_y = (box.top + box.bottom) / 2
        width, height = scale * box.width / 2, scale * box.height / 2
        larger = Box(middle_x - width, middle_y - height, middle_x + width, middle_y + height)
        roll = placement.roll_degrees + roll_degrees
        square = crop(photo, larger, CropPolicy(), roll_degrees=roll)
        return np.stack([cv2.resize(square, (48, 48), interpolation=cv2.INTER_AREA)] * 5)

    return pictures


def measured(aligner: Aligner, images: Images) -> Framing:
    framing = framing_of(images, aligner)
    assert framing is not None
    return framing


def test_an_aligned_face_is_framed_as_usual(aligner: Aligner, cut: Cut) -> None:
    framing = measured(aligner, cut())
    assert framing.is_usual
    assert (framing.faces, framing.tilted) == (5, 0)
    assert framing.size == pytest.approx(1, abs=0.12)
    assert "bundled models expect" not in describe_framing(framing)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"scale": 1.4}, "crop closer to the faces"),
        ({"scale": 0.7}, "leave more room around the faces"),
        ({"x": 0.15}, "center the faces"),
    ],
)
def test_other_crops_get_advice(
    aligner: Aligner, cut: Cut, change: dict[str, float], advice: str
) -> None:
    framing = measured(aligner, cut(**change))
    assert not framing.is_usual
    assert advice in describe_framing(framing).split("expect other crops: ")[1]


def test_tilted_faces_are_counted(aligner: Aligner, cut: Cut) -> None:
    images = np.concatenate([cut(roll_degrees=30), cut(), cut(), cut(roll_degrees=-30)])
    assert measured(aligner, images).tilted == 0.5


def test_blank_pictures_have_no_framing(aligner: Aligner, cut: Cut) -> None:
    blank = np.full((3, 48, 48), 90, np.uint8)
    assert framing_of(blank, aligner) is None
    assert measured(aligner, np.concatenate([blank, cut()])).faces == 5


def test_large_sets_are_measured_on_a_part(aligner: Aligner, cut: Cut) -> None:
    assert measured(aligner, np.repeat(cut(), 200, axis=0)).faces == 600
