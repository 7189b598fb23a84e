"""Distillation: targets from teachers, on augmented or on clean faces."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import TrainingError
from fer_edge.training.architectures import FourBlock
from fer_edge.training.backend.validation import predict
from fer_edge.training.recipes.recipe import Loss, Recipe, load_recipe
from fer_edge.training.targets.distillation import TeacherLoss, soften, taught_targets
from tests.support.cartoons import make_faces
from tests.support.whole_way import quick, run

SMALL = FourBlock(filters=(4, 4, 8, 8), dense_units=8)


def test_clean_views_put_the_teachers_mean_over_mirror_images_into_the_targets():
    faces = make_faces(per_class=2).part("train")
    teachers = [SMALL.build(keras, size_px=size, classes=7) for size in (48, 32)]
    loss = Loss(teacher_share=0.75, teacher_views="clean")
    targets, asked_in_every_step = taught_targets(loss, "float32", faces, teachers)
    assert not asked_in_every_step
    mirrored = np.ascontiguousarray(faces.images[:, :, ::-1])
    said = [predict(teacher, view) for teacher in teachers for view in (faces.images, mirrored)]
    wanted = 0.25 * np.eye(7)[faces.labels] + 0.75 * sum(said) / 4
    np.testing.assert_allclose(targets, wanted, atol=1e-5)
    assert targets.dtype == np.float32


@pytest.mark.parametrize(("precision", "near"), [("float32", 1e-6), ("bfloat16", 0.02)])
def test_augmented_views_leave_the_targets_to_the_labels_and_ask_in_every_step(precision, near):
    faces = make_faces(per_class=1).part("train")
    teacher = SMALL.build(keras, size_px=48, classes=7)
    targets, (asked,) = taught_targets(Loss(), precision, faces, [teacher])
    np.testing.assert_array_equal(targets, np.eye(7)[faces.labels])
    assert asked.layers[1].compute_dtype == precision
    views = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    np.testing.assert_allclose(np.asarray(asked(views)), np.asarray(teacher(views)), atol=near)


def test_softening_by_one_changes_nothing_and_by_more_evens_out():
    probabilities = np.array([[0.7, 0.2, 0.1]], np.float32)
    np.testing.assert_allclose(np.asarray(soften(probabilities, 1.0)), probabilities, atol=1e-6)
    assert np.asarray(soften(probabilities, 4.0)).max() < 0.5


def test_the_teachers_loss_is_least_where_the_student_says_the_same():
    faces = np.random.default_rng(0).random((4, 48, 48, 1), np.float32)
    teacher = SMALL.build(keras, size_px=48, classes=7)
    layer = TeacherLoss([teacher], share=0.5, temperature=2.0)

    def loss(said):
        layer((faces, said), training=True)
        return float(layer.losses[-1])

    same = np.asarray(teacher(faces))
    other = np.roll(same, 1, axis=1)
    assert loss(same) < loss(other)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """Train a network for faces of 56 pixels; return its run folder."""
    folder = tmp_path_factory.mktemp("teachers") / "teacher"
    run(quick(Recipe(network=SMALL, size_px=56)), make_faces(per_class=4), folder)
    return folder


@pytest.mark.train
@pytest.mark.parametrize("views", ["augmented", "repeated", "clean"])
def test_a_student_learns_from_a_teacher_of_another_size_and_leaves_it_alone(
    views, teacher, tmp_path
):
    faces = make_faces(per_class=4)
    before = (teacher / "model.keras").read_bytes()
    loss = Loss(teacher_share=0.9, teacher_views=views)
    student = quick(Recipe(network=SMALL, loss=loss, teachers=(str(teacher),) * 2))
    run(student, faces, tmp_path / "student", qat=True)
    assert (tmp_path / "student" / "qat.h5").exists()
    kept = load_recipe(str(tmp_path / "student" / "recipe.toml"))
    assert kept.teachers == student.teachers  # the card names them, and --resume uses them
    assert (teacher / "model.keras").read_bytes() == before


@pytest.mark.train
def test_a_teacher_of_other_classes_is_refused(tmp_path):
    run(quick(Recipe(network=SMALL)), make_faces(names=("a", "b")), tmp_path / "teacher")
    with pytest.raises(TrainingError, match="classes a, b"):
        run(Recipe(teachers=(str(tmp_path / "teacher"),)), make_faces(), tmp_path / "run")
