"""Face sets from folders of images, in the layouts that users have."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from fer_edge.faces.labels import FER2013
from fer_edge.pictures import folder as picture_folder
from fer_edge.pictures import kinds as picture_kinds
from fer_edge.training.data.import_options import ImportOptions
from fer_edge.training.data.importing import import_faces
from tests.support.cartoons import draw_face
from tests.support.clear_line import assert_one_clear_line


def put(root, *folders, per_class=2, suffix=".png"):
    """Write different faces into each folder; return the root."""
    for number, name in enumerate(folders):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed in range(per_class):
            cv2.imwrite(str(folder / f"{seed}{suffix}"), draw_face(number % 7, 100 * number + seed))
    return root


def counts_of(faces):
    """Return the number of faces in each split."""
    return tuple(faces.counts().sum(axis=1))


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("Training/a", "Training/b", "PublicTest/a", "PrivateTest/a"), (4, 2, 2)),
        (("train/a", "train/b", "dev/a", "test/a"), (4, 2, 2)),
        (("train/a", "train/b", "eval/a", "Testing/a"), (4, 2, 2)),
        (("train_set/a", "train_set/b", "valid/a", "test-data/a"), (4, 2, 2)),
        (("TRAIN/a", "TRAIN/b", "VAL/b", "TEST/b"), (4, 2, 2)),
        (("train/a", "train/b", "dev/a", "val/a", "test/a"), (4, 4, 2)),
        (("train/a", "training/b", "val/a"), (4, 2, 0)),
        (("fer/images/train/a", "fer/images/train/b", "fer/images/validation/a"), (4, 2, 0)),
        (("train/images/a", "train/images/b", "val/images/a"), (4, 2, 0)),
        (("own/awake", "own/tired"), (4, 0, 0)),
        (("archive/happy", "archive/sad", "archive/test/sad", "archive/val/sad"), (4, 2, 2)),
    ],
)
def test_every_part_is_read(tmp_path, folders, expected):
    assert (
        counts_of(import_faces(put(tmp_path, *folders), ImportOptions(validation_share=0)))
        == expected
    )


def test_class_folders_beside_a_test_folder_are_the_training_part(tmp_path, caplog):
    put(tmp_path, "happy", "sad", "tired", "test/happy", "test/sad")
    faces = import_faces(tmp_path, ImportOptions(validation_share=0))
    assert counts_of(faces) == (6, 0, 4)
    assert faces.class_names == ("happy", "sad", "tired")
    assert "no train folder: happy, sad, tired, next to the other splits, are used as train" in (
        caplog.text
    )


def test_joined_and_unusual_parts_are_said(tmp_path, caplog):
    import_faces(put(tmp_path, "train/a", "train/b", "dev/a", "val/a", "PrivateTest/b"))
    assert [record.getMessage() for record in caplog.records] == [
        "folders are read so: dev and val as validation, PrivateTest as test"
    ]


def test_folders_that_are_not_used_are_named(tmp_path, caplog):
    put(tmp_path, "train/a", "train/b", "val/a", "samples/a", "unsorted", "test")
    cv2.imwrite(str(tmp_path / "cover.png"), draw_face(0, 0))
    (tmp_path / "readme.txt").write_text("words")
    assert counts_of(import_faces(tmp_path)) == (4, 2, 0)
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith(
        "unused folders: "
        + ", ".join(str(tmp_path / name) for name in ("samples", "unsorted", "test"))
    )
    assert second == (
        "read 6 of 14 files; left out: 6 in unused folders, 1 .txt, 1 outside class folders"
    )


def test_parts_below_classes_are_refused(tmp_path, fer_edge):
    put(tmp_path / "in", "happy/train", "happy/test", "sad/train", "sad/test")
    done = fer_edge("data", "import", tmp_path / "in", "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "happy/test; expected splits above classes, for example test/happy")


def test_people_within_a_class_are_not_classes(tmp_path):
    faces = import_faces(
        put(tmp_path, "happy/ann", "happy/bob", "sad/ann"), ImportOptions(validation_share=0)
    )
    assert faces.class_names == ("happy", "sad")
    assert counts_of(faces) == (6, 0, 0)


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (("subject0/happy", "subject0/sad", "subject1/happy"), "for example happy/subject0"),
        (("train/ann/joy", "test/bob/joy", "train/eve/Anger"), "train/ann contains the folder joy"),
        (("happy", "sad", "unsorted/happy"), "unsorted contains the folder happy"),
        (("fold1/awake", "fold1/tired", "fold2/awake"), "for example awake/fold1"),
    ],
)
def test_subjects_and_folds_are_not_classes(tmp_path, fer_edge, folders, words):
    put(tmp_path / "in", *folders)
    done = fer_edge("data", "import", tmp_path / "in", "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "expected classes above subjects, folds or cameras", words)


def test_people_within_unknown_classes_are_a_warning(tmp_path, caplog):
    faces = import_faces(put(tmp_path, "awake/ann", "awake/bob", "tired/ann"))
    assert faces.class_names == ("awake", "tired")
    assert "the classes are awake, tired, and all contain ann; if these are the" in caplog.text


def test_names_that_differ_only_in_spaces_at_their_ends_are_one_class(tmp_path, caplog):
    faces = import_faces(put(tmp_path, "train/a", "train/b", "val/a ", "val/b"))
    assert faces.class_names == ("a", "b")
    assert "merged: 'a', 'a '" in caplog.text


def test_labels_for_folders_with_names_are_refused(tmp_path, fer_edge):
    put(tmp_path / "in", "0", "tired")
    done = fer_edge(
        "data", "import", tmp_path / "in", "--labels", "a,b", "--out", tmp_path / "x.npz"
    )
    assert_one_clear_line(done, "contains class names (tired, ...), but --labels is for numbers")


def test_names_of_labels_become_fer2013s_and_unused_ones_are_named(tmp_path, caplog):
    put(tmp_path, "0", "1")
    faces = import_faces(tmp_path, ImportOptions(labels=("sadness", "anger", "bored")))
    assert faces.class_names == ("angry", "sad")
    assert "sadness as sad" in caplog.text
    assert "nothing has the number of bored; check the names of --labels" in caplog.text


def test_pictures_that_are_not_square_are_counted(tmp_path, caplog):
    put(tmp_path, "a", "b")
    cv2.imwrite(str(tmp_path / "a" / "wide.png"), draw_face(0, 7, 96)[:48])
    cv2.imwrite(str(tmp_path / "a" / "nearly.png"), draw_face(0, 8)[:46])
    import_faces(tmp_path)
    assert f"1 of 6 pictures are not square (such as {tmp_path}/a/wide.png)" in caplog.text


def test_a_picture_of_a_few_pixels_is_refused(tmp_path, fer_edge):
    root = put(tmp_path / "in", "a", "b")
    cv2.imwrite(str(root / "a" / "dot.png"), np.zeros((1, 1), np.uint8))
    done = fer_edge("data", "import", root, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "dot.png: the face has 1x1 pixels; expected at least 8x8")
    done = fer_edge("data", "import", root, "--skip-broken", "--out", tmp_path / "x.npz")
    assert done.exit_code == 0, done.output


def test_synonyms_of_the_seven_become_fer2013s_names_and_are_said(tmp_path, caplog):
    names = ("Anger", "disgusted", "fearful", "happiness", "Sadness", "surprised", "0_neutral")
    faces = import_faces(put(tmp_path, *names))
    assert faces.class_names == FER2013
    assert [record.getMessage() for record in caplog.records] == [
        "classes get FER2013's names: 0_neutral as neutral, Anger as angry, "
        "Sadness as sad, disgusted as disgust, fearful as fear, happiness as happy, "
        "surprised as surprise; --classes as-named keeps the original names"
    ]


def test_synonyms_stay_on_request(tmp_path, caplog):
    faces = import_faces(put(tmp_path, "anger", "tired"), ImportOptions(classes="as-named"))
    assert faces.class_names == ("anger", "tired")
    assert not caplog.records


def test_two_folders_of_one_meaning_are_joined_and_said(tmp_path, caplog):
    put(tmp_path, "train/fear", "train/happy", "train/scared", "test/fearful", "test/happy")
    faces = import_faces(tmp_path, ImportOptions(validation_share=0))
    assert faces.class_names == ("fear", "happy")
    assert faces.counts().tolist() == [[4, 2], [0, 0], [2, 2]]
    assert "fear and fearful and scared are merged" in caplog.text


def test_other_classes_stay_beside_the_seven(tmp_path):
    faces = import_faces(put(tmp_path, "anger", "contempt", "happiness"))
    assert faces.class_names == ("angry", "contempt", "happy")


def test_numbered_folders_get_the_names_of_labels(tmp_path, caplog):
    put(tmp_path, "0", "1", "2")
    assert import_faces(tmp_path).class_names == ("0", "1", "2")
    assert "pass --labels" in caplog.text
    faces = import_faces(tmp_path, ImportOptions(labels=("tired", "awake", "asleep")))
    assert faces.class_names == ("asleep", "awake", "tired")


@pytest.mark.parametrize(
    "suffix", [".tiff", ".tif", ".ppm", ".jfif", ".webp", ".bmp", ".gif", ".jp2", ".pgm", ".JPG"]
)
def test_faces_of_every_kind_of_file_are_read(tmp_path, suffix):
    for name, level in (("happy", 50), ("sad", 200)):
        (tmp_path / name).mkdir()
        for number in range(2):
            format_ = {".jfif": "JPEG", ".jp2": "JPEG2000"}.get(suffix)
            image = Image.new("L", (48, 48), level + number)
            image.save(tmp_path / name / f"{number}{suffix}", format_)
    faces = import_faces(tmp_path, ImportOptions(validation_share=0))
    assert [round(float(image.mean())) for image in faces.images] == [50, 51, 200, 201]


@pytest.mark.parametrize(
    "name",
    [".ipynb_checkpoints", "@eaDir", ".thumbnails", "__MACOSX", "a/.ipynb_checkpoints", "a/@eaDir"],
)
def test_what_programs_leave_behind_is_not_a_face(tmp_path, caplog, name):
    faces = import_faces(put(tmp_path, "a", "b", name), ImportOptions(validation_share=0))
    assert faces.class_names == ("a", "b")
    assert counts_of(faces) == (4, 0, 0)
    assert not caplog.records


def spoil(root):
    """Add a truncated file, and a file that declares billions of pixels."""
    data = (root / "a" / "0.png").read_bytes()
    (root / "a" / "cut.png").write_bytes(data[: len(data) // 2])
    (root / "b" / "bomb.png").write_bytes(
        data[:16] + struct.pack(">II", 100_000, 100_000) + data[24:]
    )


@pytest.mark.parametrize(
    ("name", "words"), [("cut.png", "truncated"), ("bomb.png", "100000x100000 pixels")]
)
def test_a_damaged_or_enormous_picture_is_one_line(tmp_path, fer_edge, name, words):
    root = put(tmp_path / "in", "a", "b")
    spoil(root)
    for path in root.rglob("*.png"):
        if path.name in {"cut.png", "bomb.png"} - {name}:
            path.unlink()
    done = fer_edge("data", "import", root, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, name, words, "pass --skip-broken")
    assert not (tmp_path / "x.npz").exists()


def test_what_is_broken_is_skipped_on_request_and_listed(tmp_path, caplog, fer_edge):
    root = put(tmp_path / "in", "a", "b")
    spoil(root)
    for number in range(12):
        (root / "b" / f"x{number:02}.jpg").write_text("no picture")
    done = fer_edge("data", "import", root, "--skip-broken", "--out", tmp_path / "x.npz")
    assert done.exit_code == 0, done.output
    first, second = (record.getMessage() for record in caplog.records)
    assert first == "read 4 of 18 files; left out: 14 damaged"
    assert second.startswith(f"skipped 14 damaged files: {root}/a/cut.png, {root}/b/bomb.png, ")
    assert second.endswith("x07.jpg and 4 more")


def test_the_limit_of_pixels_is_an_option(tmp_path, fer_edge):
    root, out = put(tmp_path / "in", "a", "b"), tmp_path / "x.npz"
    done = fer_edge("data", "import", root, "--limit-pixels", 48 * 48 - 1, "--out", out)
    assert_one_clear_line(done, "declares 48x48 pixels")
    assert fer_edge("data", "import", root, "--limit-pixels", 48 * 48, "--out", out).exit_code == 0


def test_kinds_without_their_library_are_left_out_and_named(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(picture_folder, "missing_extra", lambda kind: kind == "HEIC")
    put(tmp_path, "a", "b")
    (tmp_path / "a" / "photo.heic").write_bytes(b"x")
    assert counts_of(import_faces(tmp_path, ImportOptions(validation_share=0))) == (4, 0, 0)
    assert caplog.messages == [
        "read 4 of 5 files; left out: 1 .heic; to read HEIC and AVIF run: "
        "pip install 'fer-edge[heif]'"
    ]


def test_a_heic_called_jpg_without_its_library_is_one_line(tmp_path, fer_edge, monkeypatch):
    pytest.importorskip("pillow_heif").register_heif_opener()
    root = put(tmp_path / "in", "a", "b")
    Image.new("RGB", (64, 64)).save(root / "a" / "photo.jpg", "HEIF")
    monkeypatch.setattr(picture_kinds.importlib.util, "find_spec", lambda _: None)
    done = fer_edge("data", "import", root, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "photo.jpg, a HEIC picture,", "pip install 'fer-edge[heif]'")


def test_links_in_a_circle_end(tmp_path):
    put(tmp_path, "a", "b")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    assert counts_of(import_faces(tmp_path, ImportOptions(validation_share=0))) == (4, 0, 0)


def test_a_failed_import_says_its_error_and_no_note(tmp_path, fer_edge, caplog):
    root = put(tmp_path / "in", "train/anger", "train/happy", "dev/anger", "stray/x")
    (root / "train" / "happy" / "x.jpg").write_bytes(b"")
    done = fer_edge("data", "import", root, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "x.jpg")
    assert not caplog.records


def test_each_face_keeps_its_pixels(tmp_path: Path):
    faces = import_faces(put(tmp_path, "train/happy", "dev/happy", "train/sad"))
    parts = {split: faces.part(split) for split in ("train", "validation")}
    assert np.array_equal(parts["train"].images[0], draw_face(0, 0))
    assert np.array_equal(parts["validation"].images[0], draw_face(1, 100))
