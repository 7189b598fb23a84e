"""Faces from CSV files, in the layouts that users have."""

import csv

import numpy as np
import pytest

from fer_edge.errors import DatasetError
from fer_edge.faces.labels import FER2013
from fer_edge.training.data.import_options import ImportOptions
from fer_edge.training.data.importing import import_faces
from tests.support.cartoons import draw_face
from tests.support.clear_line import assert_one_clear_line

HEADER = ("emotion", "pixels", "Usage")
CK_PLUS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")


def face(seed):
    return " ".join(map(str, draw_face(seed % 7, seed).ravel()))


def write(path, rows, header=HEADER):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def rows_of(*labels, usage="Training"):
    return [(label, face(number), usage) for number, label in enumerate(labels)]


def read(path, **options):
    return import_faces(path, ImportOptions(validation_share=0, **options))


def test_class_names_stand_for_numbers(tmp_path, caplog):
    path = write(tmp_path / "x.csv", rows_of("Happy", "anger", "fearful", "happy"))
    faces = read(path)
    assert faces.class_names == ("angry", "fear", "happy")
    assert faces.labels.tolist() == [2, 0, 1, 2]
    assert "fearful as fear" in caplog.text
    assert "Happy and happy are merged" in caplog.text


def test_class_names_stay_on_request(tmp_path):
    path = write(tmp_path / "x.csv", rows_of("joy", "anger"))
    assert read(path, classes="as-named").class_names == ("anger", "joy")


def test_own_classes_of_a_csv_keep_the_alphabets_order(tmp_path):
    assert read(write(tmp_path / "x.csv", rows_of("tired", "awake"))).class_names == (
        "awake",
        "tired",
    )


@pytest.mark.parametrize(
    ("usage", "split"),
    [
        *(("train", 0), ("Training", 0), ("", 0), ("val", 1), ("dev", 1), ("PublicTest", 1)),
        *(("validation", 1), ("test", 2), (" Testing ", 2), ("PrivateTest", 2)),
    ],
)
def test_other_words_for_the_parts_are_known(tmp_path, usage, split):
    assert read(write(tmp_path / "x.csv", rows_of(0, 1, usage=usage))).split.tolist() == [split] * 2


@pytest.mark.parametrize(
    "header",
    [
        ("label", "pixels", "split"),
        ("Emotion", " pixels", " Usage"),
        ("class", "Pixels", "set"),
        ("expression", "pixels", "USAGE"),
    ],
)
def test_other_names_of_the_columns_are_known(tmp_path, header):
    faces = read(write(tmp_path / "x.csv", rows_of(3, 5, usage="test"), header))
    assert (faces.labels.tolist(), faces.split.tolist()) == ([3, 5], [2, 2])


def test_numbers_with_a_point_are_numbers(tmp_path):
    assert read(write(tmp_path / "x.csv", rows_of("3.0", "5.0"))).labels.tolist() == [3, 5]


def test_labels_give_the_meaning_of_other_numbers(tmp_path, fer_edge):
    path, out = write(tmp_path / "ck.csv", rows_of(*range(7))), tmp_path / "x.npz"
    assert read(path).class_names == FER2013
    faces = read(path, labels=CK_PLUS, classes="as-named")
    assert faces.class_names == CK_PLUS
    assert faces.labels.tolist() == list(range(7))
    options = ("--labels", " , ".join(CK_PLUS), "--validation-share", 0, "--out", out)
    done = fer_edge("data", "import", path, *options)
    assert done.exit_code == 0, done.output
    assert "contempt" in done.stdout


def test_names_of_labels_become_fer2013s(tmp_path, caplog):
    path = write(tmp_path / "ck.csv", rows_of(0, 1, 2, 3))
    faces = read(path, labels=("Happiness ", "anger", "contempt", "rage"))
    assert faces.class_names == ("happy", "angry", "contempt")
    assert faces.labels.tolist() == [0, 1, 2, 1]
    assert "anger as angry" in caplog.text
    faces = read(path, labels=("neutral", "sadness", "anger", "fearful"))
    assert faces.class_names == ("angry", "fear", "sad", "neutral")
    assert faces.labels.tolist() == [3, 2, 0, 1]


def test_names_of_labels_that_no_row_has_are_named(tmp_path, caplog, fer_edge):
    path = write(tmp_path / "x.csv", rows_of(0, 1))
    read(path, labels=("awake", "asleep", "bored"))
    assert "no training face: bored; a model cannot learn them: check the names of --labels" in (
        caplog.text
    )
    path = write(tmp_path / "y.csv", rows_of(0, 0, 1, 1))
    done = fer_edge("data", "import", path, "--labels", "a,b,c", "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "class 'c' has 0 training faces", "check the names of --labels")


def test_an_unknown_number_names_the_option(tmp_path, fer_edge):
    path, out = write(tmp_path / "x.csv", rows_of(0, 7)), tmp_path / "x.npz"
    done = fer_edge("data", "import", path, "--out", out)
    assert_one_clear_line(done, "line 3: emotion is '7'; expected 0 to 6 (angry,", "--labels")
    done = fer_edge("data", "import", path, "--labels", "a,b", "--out", out)
    assert_one_clear_line(done, "emotion is '7'; expected 0 to 1 (a, b)")


@pytest.mark.parametrize("labels", ["a", "a,a", "a,,b", ""])
def test_labels_are_different_names(tmp_path, fer_edge, labels):
    path = write(tmp_path / "x.csv", rows_of(0, 1))
    done = fer_edge("data", "import", path, "--labels", labels, "--out", tmp_path / "x.npz")
    assert done.exit_code == 2
    assert "expected different names" in done.stderr


def test_labels_for_names_are_refused(tmp_path, fer_edge):
    path = write(tmp_path / "x.csv", rows_of("happy", "sad"))
    done = fer_edge("data", "import", path, "--labels", "a,b", "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "contains class names", "--labels")


def test_numbers_and_names_together_are_refused(tmp_path, fer_edge):
    path = write(tmp_path / "x.csv", rows_of("happy", "3"))
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "line 3", "expected one of names, as in most rows")


def test_broken_rows_are_skipped_on_request_and_listed(tmp_path, caplog):
    rows = [*rows_of(0, 1, 2), (3, "1 2 3", "Training"), (9, face(9), "train"), (1, face(8), "?")]
    path = write(tmp_path / "x.csv", rows)
    faces = read(path, skip_broken=True)
    assert faces.labels.tolist() == [0, 1, 2]
    assert caplog.messages[:2] == [
        "read 3 of 6 rows; left out: 3 damaged",
        "skipped 3 damaged rows: line 5, line 6, line 7",
    ]


@pytest.mark.parametrize("first", [(0, "12", "train"), ("angry?", face(9), "train")])
def test_one_wrong_first_row_costs_only_itself(tmp_path, caplog, first):
    path = write(tmp_path / "x.csv", [first, *rows_of(0, 1, 2)])
    assert read(path, skip_broken=True).labels.tolist() == [0, 1, 2]
    assert "skipped 1 damaged rows: line 2" in caplog.messages
    with pytest.raises(DatasetError, match="line 2"):
        read(path)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("emotion,pixels", "0," + ",".join(["9"] * 2304)),
        ("emotion,pixels", f"6581,0,{face(0)}"),  # pandas' index without a name
        ("emotion,pixels,Usage", f"0,{face(0)},Training,x"),
        ("emotion,pixels,Usage", f"0,{face(0)},,Training"),
    ],
)
def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path, fer_edge, header, row):
    path = tmp_path / "x.csv"
    path.write_text(f"{header}\n{row}\n")
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    words = f"cells, the header {header.count(',') + 1}: put the pixels in quotes, separated by"
    assert_one_clear_line(done, f"line 2 has {row.count(',') + 1} ", words)


def test_empty_cells_behind_the_header_do_not_matter(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f"emotion,pixels\n0,{face(0)},,\n\n1,{face(1)}\n")
    assert len(read(path)) == 2


def test_a_face_of_a_few_pixels_is_refused(tmp_path, fer_edge):
    path = write(tmp_path / "x.csv", [(label, "1 2 3 4", "train") for label in (0, 1)])
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "line 2: the face has 2x2 pixels; expected at least 8x8")


@pytest.mark.parametrize("wrong", ['0,"{},Training', '0,{}","Training', '0,"{}"x,Training'])
def test_a_wrong_quotation_mark_damages_only_its_own_row(tmp_path, caplog, fer_edge, wrong):
    path = tmp_path / "x.csv"
    good = [f'{label},"{face(label)}",Training' for label in range(4)]
    path.write_text("\n".join(["emotion,pixels,Usage", good[0], wrong.format(face(9)), *good[1:]]))
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "line 3")
    faces = read(path, skip_broken=True)
    assert faces.labels.tolist() == [0, 1, 2, 3]
    assert "skipped 1 damaged rows: line 3" in caplog.messages


def test_a_line_break_in_a_cell_names_the_line_where_the_row_starts(tmp_path, fer_edge):
    path = tmp_path / "x.csv"
    path.write_text(f'emotion,pixels\n0,{face(0)}\n1,"1 2\n3 4"\n')
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "line 3: a quotation mark is not closed in this line")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_and_tabs_of_spreadsheets_are_read(tmp_path, delimiter):
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEADER, *rows_of(3, 5, usage="test")])
    faces = read(path)
    assert (faces.labels.tolist(), faces.split.tolist()) == ([3, 5], [2, 2])


def test_a_column_that_occurs_twice_is_refused(tmp_path, fer_edge):
    path = tmp_path / "x.csv"
    path.write_text(f"emotion, Emotion,pixels\n0,1,{face(0)}\n")
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "has the column emotion 2 times; expected it once")


def test_of_several_fitting_columns_the_used_one_is_said(tmp_path, caplog):
    path = tmp_path / "x.csv"
    path.write_text(f"label,emotion,pixels\n0,3,{face(0)}\n1,5,{face(1)}\n")
    assert read(path).labels.tolist() == [3, 5]
    assert "the columns emotion, pixels are read; not read, although fitting: label" in caplog.text


def test_class_names_of_another_encoding_are_not_merged(tmp_path, fer_edge):
    path = tmp_path / "x.csv"
    path.write_bytes(
        f"emotion,pixels\nm\u00fcde,{face(0)}\nm\u00f6de,{face(1)}\n".encode("latin-1")
    )
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "x.csv, line 2: byte 0xfc is not UTF-8; save it again as UTF-8")
    path.write_text(f"emotion,pixels\n0,{face(0)}\n", "utf-16")
    done = fer_edge("data", "import", path, "--out", tmp_path / "x.npz")
    assert_one_clear_line(done, "x.csv is UTF-16; expected UTF-8", "save it again as UTF-8")


def test_large_faces_are_read_and_pythons_limit_stays(tmp_path):
    before = csv.field_size_limit()
    large = draw_face(0, 0, 512).astype(int)
    rows = [(label, " ".join(map(str, large.ravel() // (1 + label))), "train") for label in (0, 1)]
    path = tmp_path / "x.csv"
    path.write_text("".join(f"{','.join(map(str, row))}\n" for row in [HEADER, *rows]))
    faces = read(path)
    assert np.array_equal(faces.images[0], large)
    assert csv.field_size_limit() == before


def test_more_labels_than_there_are_label_numbers_are_refused(tmp_path):
    path = write(tmp_path / "x.csv", rows_of(0, 299))
    with pytest.raises(DatasetError, match="300 classes; expected 2 to 256"):
        read(path, labels=tuple(f"person{number}" for number in range(300)))


def test_a_csv_of_few_numbers_leads_to_their_names(tmp_path, fer_edge):
    rows = [(label, face(label + 7 * k), "train") for label in range(3) for k in range(2)]
    path, out = write(tmp_path / "x.csv", rows), tmp_path / "x.npz"
    done = fer_edge("data", "import", path, "--out", out)
    assert_one_clear_line(done, "class 'happy' has 0 training faces", "--labels NAME,NAME,...")
    assert fer_edge("data", "import", path, "--labels", "a,b,c", "--out", out).exit_code == 0


def test_a_csv_of_broken_rows_alone_is_refused(tmp_path, fer_edge):
    path = write(tmp_path / "x.csv", [(0, "1 2", "train")] * 3)
    options = ("--skip-broken", "--out", tmp_path / "x.npz")
    words = "no readable rows", "first problem: ", "line 2: 2 pixels do not form a square"
    assert_one_clear_line(fer_edge("data", "import", path, *options), *words)


def test_pixels_are_kept(tmp_path):
    faces = read(write(tmp_path / "x.csv", rows_of("sad", "happy")))
    assert np.array_equal(faces.images[1], draw_face(1, 1))
