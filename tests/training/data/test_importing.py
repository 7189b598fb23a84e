import csv
import dataclasses
import os

import cv2
import numpy as np
import pytest

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import load_faceset, save_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.faces.preprocess import resized
from fer_edge.training.data.import_options import ImportOptions
from fer_edge.training.data.importing import import_faces
from tests.support.cartoons import draw_face, make_faces
from tests.support.clear_line import assert_one_clear_line

HEADER = ["emotion", "pixels", "Usage"]
USAGES = ("Training", "PublicTest", "PrivateTest")


def pixels(label=0, seed=0):
    return " ".join(map(str, draw_face(label, seed).ravel()))


def write_csv(path, rows, header=HEADER):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_folders(root, names, per_class=3, part="train"):
    for label, name in enumerate(names):
        folder = root / part / name if part else root / name
        folder.mkdir(parents=True)
        for seed in range(per_class):
            cv2.imwrite(str(folder / f"{seed}.png"), draw_face(label, seed))
    return root


def test_a_csv_gives_back_every_pixel_label_and_split(tmp_path):
    rows = [[label, pixels(label, k), USAGES[k]] for label in range(7) for k in range(3)]
    faces = import_faces(write_csv(tmp_path / "fer2013.csv", rows))
    assert faces.class_names == FER2013
    assert faces.counts().tolist() == [[1] * 7] * 3
    for row, image in enumerate(faces.images):
        np.testing.assert_array_equal(image, draw_face(row // 3, row % 3))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([7, pixels(), "Training"], "emotion is '7'"),
        (["happy", pixels(), "Training"], "emotion is 'happy'; expected one of numbers"),
        (["", pixels(), "Training"], "emotion is ''; expected a number or a name"),
        ([-1, pixels(), "Training"], "emotion is '-1'"),
        ([9, pixels(), "Training"], "emotion is '9'; expected 0 to 6"),
        (["²", pixels(), "Training"], "emotion is '²'"),
        ([0, "1 " * 100, "Training"], "the face has 100 pixels, most faces have 2304"),
        ([0, "1 2 3", "Training"], "3 pixels"),
        ([0, "", "Training"], "0 pixels"),
        ([0, pixels() + " 30", "Training"], "2305 pixels"),
        (
            [0, pixels() + " 256", "Training"],
            "pixel 2305 is '256', expected a whole number from 0 to",
        ),
        ([0, "x " * 2304, "Training"], "pixel 1 is 'x', expected a whole number from 0 to 255"),
        ([0, "99.0 " * 2304, "Training"], "pixel 1 is '99.0', expected a whole number"),
        (
            [0, ",".join(["255"] * 2304), "Training"],
            "pixel 1 is '255,255,255,255,255,...', expected",
        ),
        ([0, pixels(), "Secret"], "Usage is 'Secret'"),
        ([0], "pixels"),
    ],
)
def test_a_csv_with_a_wrong_row_names_the_line(tmp_path, fer_edge, row, words):
    path = write_csv(tmp_path / "wrong.csv", [[0, pixels(), "Training"], row])
    out = tmp_path / "faces.npz"
    assert_one_clear_line(fer_edge("data", "import", path, "--out", out), "line 3", words)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("header", [["face", "pixels"], []])
def test_a_csv_with_another_header_says_what_is_missing(tmp_path, header):
    with pytest.raises(DatasetError, match="no column"):
        import_faces(write_csv(tmp_path / "x.csv", [], header))


def test_a_csv_without_rows_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no readable rows"):
        import_faces(write_csv(tmp_path / "x.csv", []))


def test_a_binary_file_named_csv_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(DatasetError):
        import_faces(path)


def test_class_folders_come_in_fer2013s_order_and_a_validation_share_is_taken(tmp_path):
    faces = import_faces(
        write_folders(tmp_path, FER2013, per_class=10), ImportOptions(validation_share=0.2)
    )
    assert faces.class_names == FER2013
    assert faces.counts()[:2].tolist() == [[8] * 7, [2] * 7]


def test_headers_of_other_tools_are_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f"\ufeffemotion, Usage, pixels\n3,PublicTest,{pixels()}\n", "utf-8")
    faces = import_faces(path)
    assert (faces.labels.tolist(), faces.split.tolist()) == ([3], [1])


def test_own_classes_keep_the_alphabets_order(tmp_path):
    faces = import_faces(write_folders(tmp_path, ("tired", "awake"), part=""))
    assert faces.class_names == ("awake", "tired")


def test_a_test_folder_stays_a_test_part(tmp_path):
    write_folders(tmp_path, ("a", "b"), per_class=4)
    write_folders(tmp_path, ("a", "b"), per_class=2, part="test")
    faces = import_faces(tmp_path, ImportOptions(validation_share=0.25))
    assert faces.counts().sum(axis=1).tolist() == [6, 2, 4]


def test_color_pictures_of_any_size_become_gray_ones_of_one_size(tmp_path):
    write_folders(tmp_path, ("a", "b"))
    color = np.dstack([draw_face(0, 9, 100)] * 3)
    cv2.imwrite(str(tmp_path / "train" / "a" / "large.png"), color)
    assert import_faces(tmp_path, ImportOptions(size_px=32)).images.shape[1:] == (32, 32)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda root: (root / "train" / "empty").mkdir(), "has no readable picture"),
        (lambda root: (root / "train" / "a" / "9.jpg").write_text("no"), "9.jpg"),
        (lambda root: (root / "train" / "a" / "9.png").touch(), "9.png"),
        (lambda root: (root / "train" / "b").rename(root / "elsewhere"), "1 class folder"),
        (
            lambda root: write_folders(root, ("B",), part="test"),
            "differ only in upper and lower case",
        ),
        (lambda root: write_folders(root, ("\u00e9", "e\u0301")), "the encoding of accents"),
    ],
)
def test_a_spoilt_folder_is_refused_and_nothing_is_written(tmp_path, fer_edge, spoil, words):
    root = write_folders(tmp_path / "faces", ("a", "b"))
    spoil(root)
    out = tmp_path / "faces.npz"
    assert_one_clear_line(fer_edge("data", "import", root, "--out", out), words)
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (b"m\xfcde", "not UTF-8"),
        (b"a\x1b[31mred", "a control character"),
        (b"a\nb", "a line break"),
    ],
)
def test_a_class_folder_that_cannot_be_shown_is_refused(tmp_path, fer_edge, name, word):
    root = write_folders(tmp_path / "faces", ("a", "b"))
    (root / "train" / "a").rename(root / "train" / os.fsdecode(name))
    result = fer_edge("data", "import", root, "--out", tmp_path / "x.npz")
    assert_one_clear_line(result, word, "rename it")


def test_more_classes_than_labels_have_numbers_are_refused(tmp_path, fer_edge):
    for number in range(257):
        (tmp_path / "faces" / f"person{number}").mkdir(parents=True)
    result = fer_edge("data", "import", tmp_path / "faces", "--out", tmp_path / "x.npz")
    assert_one_clear_line(result, "257 classes; expected 2 to 256")


def test_a_given_size_resizes_faces_of_every_source(tmp_path, fer_edge):
    faces = make_faces()
    save_faceset(faces, tmp_path / "a.npz")
    rows = [[label, pixels(label, k), "Training"] for label in range(7) for k in range(2)]
    sources = (
        tmp_path / "a.npz",
        write_csv(tmp_path / "a.csv", rows),
        write_folders(tmp_path / "a", ("a", "b")),
    )
    for source in sources:
        for options, side in (((), 48), (("--size", 24), 24)):
            result = fer_edge("data", "import", source, "--out", tmp_path / "b.npz", *options)
            assert result.exit_code == 0, result.output
            assert load_faceset(tmp_path / "b.npz").images.shape[1:] == (side, side)
    whole, smaller = (import_faces(sources[0], ImportOptions(size_px=px)) for px in (None, 24))
    expected = [resized(image, 24, 24)[..., 0] for image in whole.images]
    np.testing.assert_array_equal(smaller.images, expected)


def test_faces_that_become_identical_by_resizing_are_marked(tmp_path):
    faces = make_faces()
    images, row = faces.images.copy(), int(np.flatnonzero(faces.split == 1)[0])
    images[[0, row]] = 100
    images[row, 0, 0] = 101  # is lost in the mean of 4 x 4 pixels
    save_faceset(dataclasses.replace(faces, images=images), tmp_path / "a.npz")
    marks = [
        import_faces(tmp_path / "a.npz", ImportOptions(size_px=px)).duplicates[row]
        for px in (None, 12)
    ]
    assert marks == [False, True]


def test_what_macos_leaves_in_an_archive_is_no_picture(tmp_path):
    root = write_folders(tmp_path, ("a", "b"))
    (root / "train" / "a" / "._1.png").write_text("no")
    assert import_faces(root).counts().sum() == 6


@pytest.mark.parametrize("part", ["train", ""])
def test_a_class_with_one_picture_cannot_be_split(tmp_path, fer_edge, part):
    root = write_folders(tmp_path / "faces", ("a", "b"), part=part)
    folder = root / part / "a"
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()
    result = fer_edge("data", "import", root, "--out", tmp_path / "x.npz")
    assert_one_clear_line(result, f"class 'a' ({folder}) has 1 training face;", "add pictures")
    assert not (tmp_path / "x.npz").exists()


def test_a_set_of_test_faces_alone_is_left_alone(tmp_path):
    faces = import_faces(write_folders(tmp_path, ("a", "b"), part="test"))
    assert faces.split_names == ("test",)


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.npz"])
def test_a_named_pipe_is_one_clear_line(tmp_path, fer_edge, name):
    os.mkfifo(tmp_path / name)
    result = fer_edge("data", "import", tmp_path / name, "--out", tmp_path / "out.npz")
    assert_one_clear_line(result, name, "it is a named pipe, expected a file")


@pytest.mark.parametrize("name", ["missing.csv", "missing", "missing.npz"])
def test_a_missing_path_is_one_clear_line(tmp_path, fer_edge, name):
    result = fer_edge("data", "import", tmp_path / name, "--out", tmp_path / "x.npz")
    assert_one_clear_line(result, name, "does not exist")


def test_a_path_may_be_text(tmp_path):
    save_faceset(make_faces(), tmp_path / "a.npz")
    assert import_faces(str(tmp_path / "a.npz")).digest == make_faces().digest


def test_import_of_a_face_set_keeps_it(tmp_path, fer_edge):
    faces = make_faces()
    save_faceset(faces, tmp_path / "a.npz")
    result = fer_edge("data", "import", tmp_path / "a.npz", "--out", tmp_path / "b.npz")
    assert result.exit_code == 0, result.output
    assert load_faceset(tmp_path / "b.npz").digest == faces.digest


@pytest.mark.parametrize("name", ["faces", "faces.dat"])
def test_a_face_set_is_recognized_by_its_content(tmp_path, fer_edge, name):
    save_faceset(make_faces(), tmp_path / name)
    result = fer_edge("data", "import", tmp_path / name, "--out", tmp_path / "b.npz")
    assert result.exit_code == 0, result.output
    assert load_faceset(tmp_path / "b.npz").digest == make_faces().digest


@pytest.mark.parametrize("name", ["x.txt", "x.tsv", "x"])
def test_a_csv_is_recognized_by_its_content(tmp_path, name):
    rows = [[label, pixels(label), "Training"] for label in range(7)]
    path = write_csv(tmp_path / name, rows)
    assert len(import_faces(path, ImportOptions(validation_share=0))) == 7


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x1f\x8b\x08 gzip", "is compressed; unpack it first: gunzip"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is neither a CSV file, a .npz nor a folder"),
        (b"", "is neither a CSV file, a .npz nor a folder"),
        (b"some words\n", "has no column emotion"),
    ],
)
def test_another_file_is_one_clear_line(tmp_path, fer_edge, data, words):
    (tmp_path / "x.dat").write_bytes(data)
    result = fer_edge("data", "import", tmp_path / "x.dat", "--out", tmp_path / "x.npz")
    assert_one_clear_line(result, "x.dat", words)


def test_names_of_a_face_set_become_fer2013s(tmp_path, caplog):
    faces = make_faces()
    names = ("anger", "disgust", "fearful", "Happiness", " contempt ", "surprise", "neutral")
    save_faceset(dataclasses.replace(faces, class_names=names), tmp_path / "a.npz")
    own = import_faces(tmp_path / "a.npz")
    assert own.class_names == (
        *("angry", "disgust", "fear", "happy", "contempt", "surprise", "neutral"),
    )
    assert own.labels.tolist() == faces.labels.tolist()
    assert "anger as angry, fearful as fear, Happiness as happy" in caplog.text
    kept = import_faces(tmp_path / "a.npz", ImportOptions(classes="as-named"))
    assert kept.class_names[:2] == ("anger", "disgust")


def test_a_face_set_in_another_order_gets_fer2013s(tmp_path):
    faces = make_faces()
    names = ("sadness", *FER2013[1:4], "anger", *FER2013[5:])
    save_faceset(dataclasses.replace(faces, class_names=names), tmp_path / "a.npz")
    own = import_faces(tmp_path / "a.npz")
    assert own.class_names == FER2013
    said = [FER2013[label] for label in own.labels]
    assert said == [
        {"sadness": "sad", "anger": "angry"}.get(names[k], names[k]) for k in faces.labels
    ]


def test_classes_without_a_training_face_are_named(tmp_path, caplog):
    write_folders(tmp_path, ("bored", "tired"))
    write_folders(tmp_path, ("bored", "tierd"), part="val")
    import_faces(tmp_path)
    assert (
        "no training face: tierd; a model cannot learn them: add faces, or correct" in caplog.text
    )


def test_the_import_does_not_write_over_what_it_reads(tmp_path, fer_edge):
    rows = [[label, pixels(label, k), "Training"] for label in range(7) for k in range(2)]
    table = write_csv(tmp_path / "a.csv", rows)
    root = write_folders(tmp_path / "faces", ("a", "b"))
    picture = root / "train" / "a" / "0.png"
    (tmp_path / "link.csv").symlink_to(table)
    os.link(table, tmp_path / "hard.csv")
    before = table.read_bytes(), picture.read_bytes()
    for source, out, words in (
        (table, table, "is the input itself; choose another path"),
        (table, tmp_path / "link.csv", "is the input itself"),
        (tmp_path / "link.csv", table, "is the input itself"),
        (table, tmp_path / "hard.csv", "is the input itself"),
        (root, picture, "is one of the inputs; choose another path"),
    ):
        result = fer_edge("data", "import", source, "--out", out)
        assert_one_clear_line(result, "--out", words)
        assert result.exit_code == 2
    options = ("--votes", tmp_path / "v.csv", "--out", tmp_path / "v.csv")
    (tmp_path / "v.csv").touch()
    assert_one_clear_line(fer_edge("data", "import", table, *options), "is the file of --votes")
    assert (table.read_bytes(), picture.read_bytes()) == before
