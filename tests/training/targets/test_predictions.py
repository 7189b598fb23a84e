import io

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.training.recipes.recipe import Loss, Recipe
from fer_edge.training.targets.distillation import load_teachers, taught_targets
from fer_edge.training.targets.predictions import load_predictions, save_predictions
from tests.support.cartoons import make_faces

CLEAN = Loss(teacher_share=0.75, teacher_views="clean")


@pytest.fixture
def faces():
    return make_faces(per_class=3, validation_per_class=1)


@pytest.fixture
def said(faces):
    odds = np.random.default_rng(0).random((len(faces), 7), np.float32)
    return odds / odds.sum(axis=1, keepdims=True)


@pytest.fixture
def stored(faces, said, tmp_path):
    path = tmp_path / "said.npz"
    save_predictions(faces.images, said, faces.class_names, path)
    return path


def test_each_face_is_found_by_its_pixels_in_any_order(faces, said, stored):
    order = np.random.default_rng(1).permutation(len(faces))[:10]
    np.testing.assert_array_equal(load_predictions(stored).of(faces.images[order]), said[order])


def test_they_are_blended_with_the_labels_and_the_other_teachers(faces, said, stored):
    rows = faces.split == 0
    (teacher,) = load_teachers([str(stored)], faces)
    targets, asked = taught_targets(CLEAN, "float32", faces.part("train"), [teacher, teacher])
    wanted = 0.25 * np.eye(7)[faces.labels[rows]] + 0.75 * said[rows]
    np.testing.assert_allclose(targets, wanted, atol=1e-6)
    assert not asked


def test_a_face_that_is_not_stored_is_one_clear_error(faces, stored):
    (teacher,) = load_teachers([str(stored)], faces)
    other = faces.part("train").images.copy()
    other[0] += 1
    with pytest.raises(TrainingError, match="no prediction for 1 of 21 training faces"):
        teacher.of(other)


def test_other_classes_are_refused(faces, said, tmp_path):
    six = said[:, :6] / said[:, :6].sum(axis=1, keepdims=True)
    save_predictions(faces.images, six, faces.class_names[:6], tmp_path / "six.npz")
    with pytest.raises(TrainingError, match=r"expected the classes of the data: angry"):
        load_teachers([str(tmp_path / "six.npz")], faces)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda said: said * 9 - 3, "rows that are not distributions; .* apply a softmax"),
        (lambda said: said * np.nan, "not distributions"),
        (lambda said: said[1:], r"expected float32 \(28, 7\) for 28 faces and 7 classes"),
        (lambda said: said[:, 1:], "expected float32"),
        (lambda said: said.astype(int), "are int64"),
    ],
)
def test_what_a_training_would_refuse_is_not_stored(faces, said, tmp_path, change, words):
    path = tmp_path / "said.npz"
    with pytest.raises(TrainingError, match=words):
        save_predictions(faces.images, change(said), faces.class_names, path)
    with pytest.raises(TrainingError, match=r"expected uint8 \(n, height, width\)"):
        save_predictions(faces.images / 255, said, faces.class_names, path)
    with pytest.raises(TrainingError, match="occurs twice"):
        save_predictions(faces.images, said, ("a",) * 7, path)
    with pytest.raises(TrainingError, match=r"does not end in \.npz"):
        save_predictions(faces.images, said, faces.class_names, tmp_path / "said")
    assert not list(tmp_path.iterdir())


def test_wider_floats_are_stored_as_float32(faces, said, tmp_path):
    path = tmp_path / "said.npz"
    save_predictions(faces.images, said.astype(np.float64), faces.class_names, path)
    np.testing.assert_array_equal(load_predictions(path).of(faces.images), said)


def changed(stored, **arrays):
    with np.load(stored) as old:
        kept = {name: old[name] for name in old.files}
    file = io.BytesIO()
    np.savez(file, **{k: v for k, v in (kept | arrays).items() if v is not None})
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"probabilities": None}, "cannot be read: expected a .npz file"),
        ({"class_names": np.array([object()])}, "cannot be read"),
        ({"probabilities": np.zeros((28, 7))}, "expected uint8 .* and float32"),
        ({"probabilities": np.zeros((28, 7), np.float32)}, "not distributions"),
        ({"probabilities": np.full((28, 7), np.nan, np.float32)}, "not distributions"),
        ({"faces": np.zeros((28, 8), np.uint8)}, "expected uint8"),
        ({"probabilities": np.float32(1)}, r"float32 \(\); expected"),
        ({"class_names": np.array("seven")}, "expected a list of texts"),
        ({"class_names": np.full(10**6, "")}, "1000000 classes; expected 2 to 256"),
    ],
)
def test_a_damaged_file_is_one_clear_error(change, words, stored):
    stored.write_bytes(changed(stored, **change))
    with pytest.raises(TrainingError, match=words):
        load_predictions(stored)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"\x93NUMPY\x01\x00"])
def test_what_is_not_such_a_file_is_one_clear_error(content, tmp_path):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(TrainingError, match="cannot be read"):
        load_predictions(tmp_path / "x.npz")
    with pytest.raises(TrainingError, match="does not exist"):
        load_predictions(tmp_path / "y.npz")


def test_of_equal_faces_the_last_prediction_holds(faces, said, stored):
    twice = {"faces": [0, 0, 1], "probabilities": [0, 1, 2]}
    with np.load(stored) as old:
        rows = {name: old[name][order] for name, order in twice.items()}
    stored.write_bytes(changed(stored, **rows))
    found = load_predictions(stored)
    np.testing.assert_array_equal(found.of(faces.images[:2]), said[[1, 2]])
    with pytest.raises(TrainingError, match="no prediction for 1 of 1 "):
        found.of(faces.images[2:3])
    stored.write_bytes(changed(stored, **{name: values[:0] for name, values in rows.items()}))
    with pytest.raises(TrainingError, match="no prediction for 2 of 2 "):
        load_predictions(stored).of(faces.images[:2])


def test_stored_predictions_need_clean_views():
    Recipe(teachers=("said.npz", "compact"), loss=CLEAN)
    with pytest.raises(RecipeError, match=r"expected clean with the stored predictions in said"):
        Recipe(teachers=("compact", "said.npz"))
