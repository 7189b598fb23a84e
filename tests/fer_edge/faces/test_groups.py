"""A CSV that divides faces into groups."""

from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import DatasetError
from fer_edge.faces.groups import UNKNOWN, load_groups


def write(folder: Path, text: str) -> Path:
    path = folder / "groups.csv"
    path.write_text(text, "utf-8")
    return path


def test_each_column_divides_the_faces_and_empty_cells_belong_nowhere(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffface,age,glasses\n2,old,yes\n0,young,\n3, old ,no\n")
    age, glasses = load_groups(path, 4)
    assert (age.name, age.groups) == ("age", ("old", "young"))
    assert list(age.members) == [1, UNKNOWN, 0, 0]
    assert list(glasses.members) == [UNKNOWN, UNKNOWN, 1, 0]
    assert list(age.select(np.array([True, False, False, True])).members) == [1, 0]


@pytest.mark.parametrize(
    "text",
    ["Face, age \n1,old\n", " FACE;age\n1;old\n", "face\tage\n 1\tyoung\n", "age,face\nold,1\n"],
)
def test_capitals_spaces_and_separators_do_not_matter(tmp_path: Path, text: str) -> None:
    (age,) = load_groups(write(tmp_path, text), 2)
    assert (age.name, list(age.members)) == ("age", [UNKNOWN, 0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected 'face' and others"),
        ("face\n0\n", "expected 'face' and others"),
        ("row,age\n0,old\n", "expected 'face' and others"),
        ("face,age,age\n0,old,old\n", "each once"),
        ("face,age, Age\n0,old,old\n", "each once"),
        ("face,Face,age\n0,0,old\n", "has the column face 2 times"),
        ("face,age,\n0,old,\n", "each once"),
        ("face,age\n0,old,yes\n", "line 2 has 3 cells, the header 2: put a cell that"),
        ('face,age\n0,old\n1,"old\n2,old\n', "line 3: a quotation mark is not closed"),
        ("face,age\n4,old\n", "line 2: face '4' does not exist; expected 0 to 3"),
        ("face,age\n-1,old\n", "face '-1' does not exist"),
        ("face,age\nface.png,old\n", "face 'face.png' does not exist"),
        ("face,age\n\u00b2,old\n", "does not exist"),
        ("face,age\n1,old\n1,young\n", "line 3: face 1 occurs twice"),
        ("face,age\n0,\n", "column 'age' has no groups; fill at least one cell"),
        ("face,age\n" + "".join(f"{n},{n}\n" for n in range(65)), "has 65 groups"),
    ],
)
def test_a_file_that_says_something_else_is_one_clear_line(
    text: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError) as caught:
        load_groups(write(tmp_path, text), 65 if "64" in text else 4)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"face,age\n0,\xff\n", "line 2: byte 0xff is not UTF-8"),
        (b"face,age\n0,a\x00b\n", "'a.b' contains a control character"),
    ],
)
def test_bytes_that_are_not_text_are_refused(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=words):
        load_groups(path, 1)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read: No such file"):
        load_groups(tmp_path / "none.csv", 4)


@pytest.mark.parametrize("text", ["face,a\x1bge\n1,old\n", "face,age\n1,o\x07ld\n"])
def test_a_name_that_a_terminal_would_obey_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="contains a control character"):
        load_groups(write(tmp_path, text), 4)
