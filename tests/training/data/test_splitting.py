from dataclasses import replace

import numpy as np
import pytest

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import FaceSet
from fer_edge.training.data.splitting import split_off_validation
from tests.support.cartoons import make_faces


def with_twins(faces: FaceSet, twins: dict[int, int]) -> FaceSet:
    """Copy the images of other rows: `twins` is row -> original row."""
    images = faces.images.copy()
    for row, original in twins.items():
        images[row] = images[original]
    return replace(faces, images=images)


def test_each_class_gives_its_share_and_the_seed_decides_which() -> None:
    faces = make_faces(20, 0)
    one, again, other = (split_off_validation(faces, share=0.2, seed=s) for s in (1, 1, 2))
    for split in (one, other):
        assert split.counts().tolist() == [[16] * 7, [4] * 7, [0] * 7]
    np.testing.assert_array_equal(one.split, again.split)
    assert (one.split != other.split).any()


def test_faces_of_other_parts_stay_and_an_earlier_validation_part_becomes_test() -> None:
    faces = make_faces(10, 5)
    again = split_off_validation(faces, share=0.3, seed=0)
    assert again.counts().tolist() == [[7] * 7, [3] * 7, [5] * 7]
    assert (again.split[faces.split == 1] == 2).all()


@pytest.mark.parametrize("seed", range(5))
def test_twins_are_never_parted(seed: int) -> None:
    # class 0 has each image twice; rows 0 and 20 have one image, but different labels
    faces = make_faces(20, 0)
    faces = with_twins(faces, {**{row + 1: row for row in range(0, 20, 2)}, 20: 0})
    split = split_off_validation(faces, share=0.2, seed=seed)
    assert split.duplicates.sum() == 0
    for picture in np.unique(faces.pictures):
        assert len(np.unique(split.split[faces.pictures == picture])) == 1
    counts = split.counts()
    assert abs(counts[1, 0] - 4) <= 1
    assert counts[1, 2:].tolist() == [4] * 5


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_of_two_pictures_one_stays_and_one_goes(share: float) -> None:
    split = split_off_validation(make_faces(2, 0), share=share, seed=0)
    assert split.counts()[:2].tolist() == [[1] * 7] * 2


def test_a_class_of_one_picture_only_is_refused() -> None:
    faces = with_twins(make_faces(3, 0, names=("a", "b")), {1: 0, 2: 0})
    with pytest.raises(DatasetError, match="'a' has 3 training faces, all of them the same"):
        split_off_validation(faces, share=0.2, seed=0)
    with pytest.raises(DatasetError, match="'disgust' has 0 training faces"):
        split_off_validation(make_faces(3, 0).select(np.arange(3)), share=0.2, seed=0)
