import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result

from fer_edge.faces.faceset import FaceSet, save_faceset
from fer_edge.training.data.inspection import (
    count_table,
    inspect_faces,
    sample_sheet,
    save_duplicates,
)
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line


@pytest.fixture
def spoilt() -> FaceSet:
    """Eight training and four validation faces of each class, with typical faults.

    Class 0 has rows 0 to 11, class 1 rows 12 to 23; the last four of each are for validation.
    """
    faces = make_faces()
    images = faces.images.copy()
    images[1] = images[0]  # a duplicate in train
    images[8] = images[0]  # a duplicate in validation
    images[12] = images[0]  # a duplicate with another class
    images[20] = 77  # blank
    votes = np.zeros((len(faces), 10), np.uint8)
    votes[:, 0] = 10
    votes[3], votes[20] = np.eye(10, dtype=np.uint8)[[8, 9]] * 10
    return replace(faces, images=images, votes=votes)


def test_what_is_wrong_with_a_set_is_counted_by_split(spoilt: FaceSet) -> None:
    train, validation, test = inspect_faces(spoilt)
    assert (train.faces, validation.faces, test.faces) == (56, 28, 0)
    assert (train.repeated, validation.repeated) == (2, 0)
    assert (train.also_in, validation.also_in) == ((0, 3, 0), (1, 0, 0))
    assert (train.contradicting, validation.contradicting) == (3, 1)
    assert (train.blank, validation.blank) == (0, 1)
    assert (train.non_faces, validation.non_faces) == (1, 1)


def test_a_part_remembers_its_twins_in_train(spoilt: FaceSet) -> None:
    assert inspect_faces(spoilt.part("validation"))[1].also_in == (1, 0, 0)


def test_a_set_without_votes_says_nothing_of_non_faces(spoilt: FaceSet) -> None:
    assert inspect_faces(replace(spoilt, votes=None))[0].non_faces is None


def test_the_command_says_it_and_draws_samples(
    spoilt: FaceSet, tmp_path: Path, fer_edge: Callable[..., Result]
) -> None:
    data, sheet, table = tmp_path / "x.npz", tmp_path / "x.png", tmp_path / "x.csv"
    save_faceset(spoilt, data)
    result = fer_edge("data", "inspect", data, "--sheet", sheet, "--duplicates", table)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["also", "in", "train", "0", "1", "0"] in lines
    assert ["unknown", "or", "not", "a", "face", "(FER+)", "1", "1", "0"] in lines
    assert cv2.imread(str(sheet)).shape[0] == 48 * 7 * 2
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["split"], row["class"]) for row in rows] == [
        *(("0", "train", "angry"), ("1", "train", "angry"), ("8", "validation", "angry")),
        ("12", "train", "disgust"),
    ]
    assert {row["picture"] for row in rows} == {"0"}

    assert result.stdout.count("framing, relative to FER2013: size ") == 1

    record = json.loads(fer_edge("data", "inspect", data, "--json").stdout)
    assert record["framing"]["faces"] == 83  # all but the blank one
    assert record["counts"]["train"]["angry"] == 8
    assert record["splits"][1]["also_in"] == {"train": 1, "validation": 0, "test": 0}


def test_the_inspection_does_not_write_over_what_it_reads(
    tmp_path: Path, fer_edge: Callable[..., Result]
) -> None:
    data, other = tmp_path / "x.npz", tmp_path / "x.csv"
    save_faceset(make_faces(), data)
    (tmp_path / "link.npz").symlink_to(data)
    before = data.read_bytes()
    for option in ("--sheet", "--duplicates"):
        for path in (data, tmp_path / "link.npz"):
            result = fer_edge("data", "inspect", data, option, path)
            assert_one_clear_line(result, f"{option} {path} is the input itself; choose another")
    result = fer_edge("data", "inspect", data, "--sheet", other, "--duplicates", other)
    assert_one_clear_line(result, "--sheet and --duplicates both write")
    assert data.read_bytes() == before
    assert not other.exists()


@pytest.mark.parametrize("name", ["s.jpg", "s.csv", "s"])
def test_the_sheet_is_a_png_by_its_name(
    tmp_path: Path, fer_edge: Callable[..., Result], name: str
) -> None:
    save_faceset(make_faces(), tmp_path / "x.npz")
    result = fer_edge("data", "inspect", tmp_path / "x.npz", "--sheet", tmp_path / name)
    assert_one_clear_line(result, "--sheet", "a name that ends in .png")
    assert result.exit_code == 2
    assert not (tmp_path / name).exists()


def test_a_class_that_cannot_be_learned_is_named(
    tmp_path: Path, fer_edge: Callable[..., Result]
) -> None:
    faces = make_faces(1, 2, names=("a", "b")).select(np.array([1, 2, 3, 4, 5]))
    save_faceset(faces, tmp_path / "x.npz")
    result = fer_edge("data", "inspect", tmp_path / "x.npz")
    assert "fewer than two training faces: a, b" in result.stdout


@pytest.mark.parametrize("size_px", [8, 48, 100])
def test_small_and_large_faces_fit_on_the_sheet(tmp_path: Path, size_px: int) -> None:
    images = np.full((4, size_px, size_px), 128, np.uint8)
    labels, split = np.array([0, 1, 0, 1], np.uint8), np.array([0, 0, 1, 1], np.uint8)
    faces = FaceSet(images, labels, split, ("a", "a rather long class name " * 3))
    sample_sheet(faces, tmp_path / "x.png")
    sheet = cv2.imread(str(tmp_path / "x.png"), cv2.IMREAD_GRAYSCALE)
    assert sheet.shape[0] == 4 * max(40, size_px)
    assert (sheet == 128).sum() >= 4 * size_px**2


def test_no_class_name_is_a_formula_in_the_table_of_duplicates(
    spoilt: FaceSet, tmp_path: Path
) -> None:
    named = replace(spoilt, class_names=("=1+1", *spoilt.class_names[1:]))
    assert save_duplicates(named, tmp_path / "x.csv") == 4
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        assert {row["class"] for row in csv.DictReader(file)} == {"'=1+1", "disgust"}


def test_the_table_counts_every_face(faces: FaceSet) -> None:
    assert "all" in count_table(faces)
    assert str(8 * 7) in count_table(faces)
