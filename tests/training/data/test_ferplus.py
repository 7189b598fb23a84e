"""Votes and classes of FER+, read from its file."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from fer_edge.errors import ConfigError, DatasetError
from fer_edge.faces.faceset import FaceSet, load_faceset, save_faceset
from fer_edge.faces.labels import FER2013, FERPLUS, FERPLUS_CLASSES
from fer_edge.training.data.fer2013 import VOTES
from fer_edge.training.data.ferplus import relabel
from tests.support.cartoons import draw_face, make_faces
from tests.support.clear_line import assert_one_clear_line

PIXELS = " ".join(map(str, draw_face(0, 0).ravel()))
HEADER = ["Usage", "Image name", *VOTES]


def row(usage: str = "Training", **votes: object) -> list[object]:
    return [usage, "fer0.png", *(votes.get(name, 0) for name in VOTES)]


def write(folder: Path, rows: list[list[object]], header: list[str] = HEADER) -> tuple[Path, Path]:
    """Write fer2013.csv with two faces and fer2013new.csv with these rows; return both paths."""
    faces, votes = folder / "fer2013.csv", folder / "fer2013new.csv"
    tables = {
        faces: [
            ["emotion", "pixels", "Usage"],
            *([0, PIXELS, usage] for usage in ("Training", "PublicTest")),
        ],
        votes: [header, *rows],
    }
    for path, table in tables.items():
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(table)
    return faces, votes


def test_votes_come_row_by_row(tmp_path: Path, fer_edge: Callable[..., Result]) -> None:
    faces, votes = write(tmp_path, [row(anger=9, fear=1), row("PublicTest", NF=10)])
    out = tmp_path / "x.npz"
    result = fer_edge("data", "import", faces, "--votes", votes, "--out", out)
    assert result.exit_code == 0, result.output
    loaded = load_faceset(out)
    assert loaded.class_names == FER2013
    assert loaded.votes is not None
    assert loaded.votes[0].tolist() == [0, 0, 0, 0, 9, 0, 1, 0, 0, 0]
    assert loaded.votes[1].tolist() == [0] * 9 + [10]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row()], "votes for 1 faces, expected 2"),
        (
            [row(), row("PublicTest"), row("PublicTest")],
            "line 4: more rows of votes than the 2 faces",
        ),
        (
            [row(), row()],
            "line 3: the votes are for a train face, but the face in this row is a validation face",
        ),
        ([row("Secret")], "line 2: Usage is 'Secret'"),
        ([row(anger="many")], "line 2: anger is 'many'"),
        ([row(NF=-1)], "line 2: NF is '-1'"),
        ([["Training", "fer0.png", 1]], "line 2: happiness is ''"),
        ([[*row(), 1]], "line 2 has 13 cells, the header 12"),
        ([], "votes for 0 faces"),
    ],
)
def test_votes_that_do_not_fit_are_one_clear_line(
    tmp_path: Path, fer_edge: Callable[..., Result], rows: list[list[object]], words: str
) -> None:
    faces, votes = write(tmp_path, rows)
    out = tmp_path / "x.npz"
    result = fer_edge("data", "import", faces, "--votes", votes, "--out", out)
    assert_one_clear_line(result, str(votes), words)
    assert not out.exists()


def test_other_files_of_votes_are_refused(tmp_path: Path, fer_edge: Callable[..., Result]) -> None:
    faces, votes = write(tmp_path, [], header=["Usage", "neutral"])
    out = ("--out", tmp_path / "x.npz")
    result = fer_edge("data", "import", faces, "--votes", votes, *out)
    assert_one_clear_line(result, "no column happiness", "fer2013new.csv")
    result = fer_edge("data", "import", faces, "--votes", tmp_path / "none.csv", *out)
    assert_one_clear_line(result, "none.csv cannot be read")
    save_faceset(make_faces(), tmp_path / "a.npz")
    result = fer_edge("data", "import", tmp_path / "a.npz", "--votes", votes, *out)
    assert_one_clear_line(result, "a.npz is not a CSV file")
    result = fer_edge("data", "import", faces, "--classes", "ferplus", *out)
    assert_one_clear_line(result, "need FER+ votes", "--votes")


def voted(said: list[str | None], split: list[int]) -> FaceSet:
    """Return faces with unanimous votes for these names; None means no votes."""
    table = np.array([[9 * (name == other) for other in FERPLUS] for name in said], np.uint8)
    faces = make_faces(2, 0).select(np.arange(len(said)))
    return replace(faces, votes=table, split=np.array(split, np.uint8), twins=None)


def test_faces_take_the_taggers_class_or_leave() -> None:
    said = ["contempt", "not a face", "neutral", None, "unknown", "anger"]
    faces = relabel(voted(said, [0, 0, 0, 1, 1, 1]))
    assert faces.class_names == FERPLUS_CLASSES
    assert [FERPLUS_CLASSES[label] for label in faces.labels] == ["contempt", "neutral", "anger"]
    assert faces.split.tolist() == [0, 0, 1]
    assert faces.votes is not None
    assert faces.votes.shape == (3, 10)


def test_a_twin_of_a_face_that_left_train_is_none() -> None:
    faces = voted([None, "anger", "anger", "anger"], [0, 0, 1, 1])
    images = faces.images.copy()
    images[2:] = images[:2]
    faces = replace(faces, images=images)
    assert faces.duplicates.tolist() == [False, False, True, True]
    assert relabel(faces).duplicates.tolist() == [False, False, True]
    # a part without training faces keeps the duplicates of the whole set
    assert relabel(faces.part("validation")).duplicates.tolist() == [True, True]


def test_without_usable_votes_there_are_no_ferplus_classes() -> None:
    with pytest.raises(ConfigError, match="need FER\\+ votes"):
        relabel(make_faces())
    with pytest.raises(DatasetError, match="no face has a majority"):
        relabel(voted([None, "unknown"], [0, 0]))
