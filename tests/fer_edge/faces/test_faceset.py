import io
import os
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.errors import ConfigError, DatasetError, OutputError
from fer_edge.faces.class_names import read_class_names
from fer_edge.faces.faceset import FaceSet, load_faceset, save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.limits import MEMORY_VARIABLE

N = 6
ARRAYS: dict[str, Any] = {
    "images": np.arange(N * 4, dtype=np.uint8).reshape(N, 2, 2),
    "labels": np.array([0, 1, 2, 3, 4, 6], np.uint8),
    "split": np.array([0, 0, 0, 1, 1, 2], np.uint8),
}


def save(path: Path, **change: Any) -> Path:
    arrays = {key: value for key, value in (ARRAYS | change).items() if value is not None}
    np.savez_compressed(path, **arrays)
    return path


def same(one: FaceSet, other: FaceSet) -> bool:
    fields = ("images", "labels", "split", "votes")
    equal = (np.array_equal(getattr(one, name), getattr(other, name)) for name in fields)
    return all(equal) and one.class_names == other.class_names and one.digest == other.digest


@pytest.mark.parametrize("with_votes", [False, True])
def test_a_saved_set_is_loaded_back(faces: FaceSet, tmp_path: Path, with_votes: bool) -> None:
    if with_votes:
        faces = replace(faces, votes=np.full((len(faces), 10), 3, np.uint8))
    save_faceset(faces, tmp_path / "faces.npz")
    assert same(load_faceset(tmp_path / "faces.npz"), faces)
    assert [path.name for path in tmp_path.iterdir()] == ["faces.npz"]


def test_a_path_may_be_text(faces: FaceSet, tmp_path: Path) -> None:
    save_faceset(faces, f"{tmp_path}/faces.npz")
    assert load_faceset(f"{tmp_path}/faces.npz").digest == faces.digest


def test_a_set_without_class_names_has_those_of_fer2013(tmp_path: Path) -> None:
    assert load_faceset(save(tmp_path / "faces.npz")).class_names == FER2013


def test_class_names_may_be_bytes_and_have_the_letters_of_any_language(tmp_path: Path) -> None:
    names = ["m\u00fcde", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0628", *"cdefg"]
    stored = np.array([name.encode() for name in names])
    assert load_faceset(save(tmp_path / "x.npz", class_names=stored)).class_names == tuple(names)


def test_fer_plus_votes_count_only_where_they_are_valid(tmp_path: Path) -> None:
    votes = np.full((N, 10), 2, np.uint8)
    valid = np.array([1, 1, 0, 0, 1, 1], bool)
    loaded = load_faceset(save(tmp_path / "faces.npz", ferplus=votes, ferplus_valid=valid))
    assert loaded.votes is not None
    assert loaded.votes.sum(axis=1).tolist() == [20, 20, 0, 0, 20, 20]


def test_votes_of_no_face_count_everywhere(tmp_path: Path) -> None:
    # FER+ has no file name for such a picture, so its votes are never marked as valid
    votes = np.zeros((N, 10), np.uint8)
    votes[:2, 9], votes[2, 8], votes[3, 0] = 10, 10, 10
    valid = np.zeros(N, bool)
    loaded = load_faceset(save(tmp_path / "faces.npz", ferplus=votes, ferplus_valid=valid))
    assert loaded.votes is not None
    assert loaded.votes.sum(axis=1).tolist() == [10, 10, 0, 0, 0, 0]


def test_integers_of_any_kind_are_read(tmp_path: Path) -> None:
    change = {
        "labels": ARRAYS["labels"].astype(np.int64),
        "split": ARRAYS["split"].astype(np.int32),
        "votes": np.ones((N, 10), np.int16),
    }
    loaded = load_faceset(save(tmp_path / "faces.npz", **change))
    assert loaded.labels.tolist() == ARRAYS["labels"].tolist()
    assert loaded.labels.dtype == loaded.split.dtype == np.uint8


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"images": None}, "no array images"),
        ({"labels": None, "split": None}, "no array labels, split"),
        ({"images": ARRAYS["images"].astype(np.float32)}, "'images' is float32"),
        ({"images": np.zeros((N, 2, 2, 3), np.uint8)}, "(n, side, side)"),
        ({"images": np.uint8(3)}, "'images' is uint8 ()"),
        ({"images": np.array([{}], object)}, "'images' contains Python objects"),
        ({"images": np.zeros((N, 0, 0), np.uint8)}, "(6, 0, 0); expected faces with pixels"),
        ({"labels": ARRAYS["labels"].astype(np.float32)}, "'labels' is float32"),
        ({"labels": np.array([0, 1, -2, 3, 4, 6])}, "label -2 in row 2 (counted from 0)"),
        ({"labels": np.array([0, 1, 2, 3, 4, 262])}, "label 262 in row 5"),
        ({"labels": np.array(7)}, "label 7 in row 0"),
        ({"labels": ARRAYS["labels"][:3]}, "'labels' is uint8 (3,); expected uint8 (6,)"),
        ({"labels": np.uint8(0)}, "'labels' is uint8 ()"),
        (
            {"labels": ARRAYS["labels"] + np.uint8(1)},
            "label 7 in row 5 (counted from 0) is out of range; expected 0 to 6",
        ),
        ({"split": ARRAYS["split"] + np.uint8(1)}, "split code 3 in row 5"),
        ({"split": np.array([0, 0, 0, 0, 0, -1])}, "split code -1"),
        (
            {"class_names": np.array(["one", "two"])},
            "label 2 in row 2 (counted from 0) is out of range",
        ),
        ({"class_names": np.array(["one"] * 7)}, "different names"),
        ({"class_names": np.array(["a", "b", "c", "d", "e", "f", "g\n"])}, "line break"),
        ({"class_names": np.array([*"abcdef", "\x1b[31m"])}, "'\\x1b[31m' contains a control"),
        ({"class_names": np.array([*"abcdef", "m\udcfcde"])}, "not UTF-8"),
        ({"class_names": np.array([b"a", b"b", b"m\xfcde"])}, "expected text in UTF-8"),
        ({"class_names": np.array([*"abcdefg"], object)}, "'class_names' contains Python objects"),
        ({"class_names": np.arange(7)}, "'class_names' is int64 (7,); expected a list of texts"),
        ({"class_names": np.array([f"c{i}" for i in range(300)])}, "300 classes; expected 2 to"),
        ({"class_names": np.array(["a", "b", "c", "d", "e", "f", " "])}, "' ' is empty"),
        ({"class_names": np.array("one")}, "(); expected a list of texts"),
        ({"votes": np.zeros((N, 3), np.uint8)}, "'votes' is uint8 (6, 3); expected uint8 (6, 10)"),
        ({"votes": np.zeros((N, 10))}, "'votes' is float64"),
        ({"votes": np.full((N, 10), -1)}, "vote -1 in row 0"),
        ({"ferplus": np.zeros((3, 10), np.uint8)}, "'votes' is uint8 (3, 10)"),
        ({"twins": np.zeros(N, np.uint8)}, "'twins' is uint8 (6,); expected bool"),
        ({"twins": np.zeros(2, bool)}, "'twins' is bool (2,); expected bool (6,)"),
        (
            {"ferplus": np.zeros((N, 10), np.uint8), "ferplus_valid": np.uint8(1)},
            "'ferplus_valid' ()",
        ),
        ({key: value[:0] for key, value in ARRAYS.items()}, "at least one face"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    tmp_path: Path, change: dict[str, Any], word: str
) -> None:
    with pytest.raises(DatasetError) as caught:
        load_faceset(save(tmp_path / "faces.npz", **change))
    assert word in str(caught.value)


def save_lying(path: Path, **arrays: tuple[str, tuple[int, ...], int]) -> Path:
    """Write ARRAYS with others that declare a type, a shape and that many bytes of zeros."""
    save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, (kind, shape, count) in arrays.items():
            header = io.BytesIO()
            fields = {"descr": kind, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(header, fields)
            archive.writestr(f"{name}.npy", header.getvalue() + bytes(count))
    return path


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"class_names": ("<U0", (3 * 10**9,), 0)}, "'class_names' has elements of 0 bytes"),
        ({"class_names": ("|S0", (3 * 10**9,), 0)}, "'class_names' has elements of 0 bytes"),
        ({"class_names": ("<U1", (10**6,), 4 * 10**6)}, "1000000 classes; expected 2 to 256"),
        ({"votes": ("|V0", (10**9, 10), 0)}, "'votes' has elements of 0 bytes"),
        ({"ferplus_valid": ("<U0", (3 * 10**9,), 0)}, "'ferplus_valid' has elements of 0"),
        ({"votes": ("<i8", (10**6, *[1] * 20), 8 * 10**6)}, "'votes' is uint8"),
    ],
)
def test_arrays_that_declare_many_elements_take_little_memory(
    tmp_path: Path, arrays: dict[str, tuple[str, tuple[int, ...], int]], words: str
) -> None:
    path = save_lying(tmp_path / "faces.npz", **arrays)
    tracemalloc.start()
    with pytest.raises(DatasetError, match=words):
        load_faceset(path)
    assert tracemalloc.get_traced_memory()[1] < 40_000_000
    tracemalloc.stop()


def test_labels_that_are_all_wrong_take_little_memory(tmp_path: Path) -> None:
    labels = np.full((10**6, *[1] * 20), 255, np.uint8)
    path = save(tmp_path / "faces.npz", labels=labels)
    tracemalloc.start()
    with pytest.raises(DatasetError, match="label 255 in row 0"):
        load_faceset(path)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_faces_of_a_pixel_count_with_what_each_face_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = np.zeros(20_000, np.uint8)
    path = save(tmp_path / "faces.npz", images=zeros[:, None, None], labels=zeros, split=zeros)
    assert len(load_faceset(path)) == 20_000
    monkeypatch.setenv(MEMORY_VARIABLE, "1")
    with pytest.raises(DatasetError, match="20,000 faces: it declares 1 MB, expected at most 1"):
        load_faceset(path)


def test_a_damaged_file_is_refused_or_read_as_it_was(faces: FaceSet, tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    save_faceset(faces.select(np.arange(4)), path)
    good, data = load_faceset(path), path.read_bytes()
    damages = [data[:length] for length in range(0, len(data), len(data) // 25)]
    for place in [*range(0, len(data), len(data) // 60), *range(len(data) - 80, len(data))]:
        flipped = bytearray(data)
        flipped[place] ^= 0xFF
        damages.append(bytes(flipped))
    for damage in damages:
        path.write_bytes(damage)
        try:
            assert same(load_faceset(path), good)
        except DatasetError as error:
            assert str(path) in str(error)


def test_what_is_no_face_set_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", ARRAYS["images"])
    (tmp_path / "text.npz").write_text("emotion,pixels\n")
    (tmp_path / "empty.npz").touch()
    os.mkfifo(tmp_path / "pipe.npz")
    for name, word in [
        ("one.npy", "single array"),
        ("text.npz", "cannot be read as a .npz face set"),
        ("empty.npz", "cannot be read as a .npz face set"),
        ("missing.npz", "fer-edge data import"),
        ("pipe.npz", "(it is a named pipe, expected a file)"),
        (".", "cannot be read as a .npz face set"),
        ("zero\0byte.npz", "the name contains a zero byte"),
    ]:
        with pytest.raises(DatasetError) as caught:
            load_faceset(tmp_path / name)
        assert word in str(caught.value)


def test_an_unwritable_place_is_an_output_error(faces: FaceSet, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        save_faceset(faces, tmp_path / "file" / "faces.npz")


def test_twins_of_training_faces_are_found_in_the_other_splits(tmp_path: Path) -> None:
    images = np.arange(5, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(2, 2)
    images = images[[0, 1, 0, 2, 3, 3, 1, 1]]
    split = np.array([0, 0, 1, 1, 1, 1, 2, 0], np.uint8)
    faces = FaceSet(images, np.zeros(8, np.uint8), split, ("a", "b"))
    # copies within train or within validation do not count, nor does the training face itself
    assert faces.duplicates.tolist() == [False, False, True, False, False, False, True, False]
    # a part keeps the duplicates of the whole set, and so does a file of the part
    part = faces.part("validation")
    assert part.duplicates.tolist() == [True, False, False, False]
    save_faceset(part, tmp_path / "part.npz")
    assert load_faceset(tmp_path / "part.npz").duplicates.tolist() == [True, False, False, False]


def test_a_part_holds_the_faces_of_its_split(faces: FaceSet) -> None:
    part = faces.part("validation")
    assert len(part) == faces.counts()[1].sum() == 28
    assert part.split_names == ("validation",)
    assert faces.split_names == ("train", "validation")
    assert part.digest != faces.digest


def test_a_part_that_is_not_there_is_refused(faces: FaceSet) -> None:
    with pytest.raises(DatasetError, match="it has train, validation"):
        faces.part("test")
    with pytest.raises(ConfigError, match="unknown; expected one of"):
        faces.part("val")


@pytest.mark.parametrize("rows", [np.array([99_999]), np.ones(3, np.bool_), np.array([0.5])])
def test_rows_of_another_face_set_are_refused(faces: FaceSet, rows: Any) -> None:
    with pytest.raises(ConfigError, match=f"these are not rows of {len(faces)} faces"):
        faces.select(rows)


@pytest.mark.parametrize("field", ["images", "labels", "split", "class_names"])
def test_the_digest_tells_sets_apart(faces: FaceSet, field: str) -> None:
    values = {
        "images": faces.images ^ np.uint8(1),
        "labels": faces.labels[::-1],
        "split": faces.split[::-1],
        "class_names": faces.class_names[::-1],
    }
    other = replace(faces, **{field: values[field]})  # type: ignore[arg-type]
    assert other.digest != faces.digest
    assert replace(faces, images=faces.images.copy(order="F")).digest == faces.digest


def test_faces_that_are_not_square_are_refused() -> None:
    with pytest.raises(DatasetError, match="the faces are 40x48 pixels; expected squares"):
        FaceSet(np.zeros((2, 40, 48), np.uint8), *np.zeros((2, 2), np.uint8), ("sad", "happy"))


@pytest.mark.parametrize("order", ["<", ">"])
def test_class_names_with_numbers_that_are_not_characters_are_refused(order: str) -> None:
    codes = np.array([[0x110000], [97]], np.dtype(np.uint32).newbyteorder(order))
    with pytest.raises(DatasetError, match="not characters"):
        read_class_names(codes.view(f"{order}U1").ravel())
    assert read_class_names((codes & 0x7F).astype(codes.dtype).view(f"{order}U1").ravel()) == (
        "",
        "a",
    )


def test_an_array_under_two_names_is_refused(faces: FaceSet, tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    save_faceset(faces, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("images", archive.read("images.npy"))
    with pytest.raises(DatasetError, match="'images' is there twice"):
        load_faceset(path)
