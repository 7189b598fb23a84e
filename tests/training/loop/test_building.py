"""Errors while a network is built."""

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.faces.faceset import FaceSet
from fer_edge.training import train
from fer_edge.training.architectures.residual import Tiny
from fer_edge.training.recipes.recipe import Recipe
from tests.support.cartoons import make_faces

pytestmark = pytest.mark.train


class InvalidArgumentError(Exception):
    """As TensorFlow's, which is neither a ValueError nor a TypeError."""


@pytest.fixture
def faces() -> FaceSet:
    return make_faces(per_class=2, validation_per_class=1)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (InvalidArgumentError("Shape too large\nat x.py"), RecipeError, "InvalidArgumentError: Sh"),
        (RuntimeError(), RecipeError, "for faces of 48 px: RuntimeError; change size_px"),
        (NotImplementedError("no"), RecipeError, "architecture 'tiny' with Tiny(stem=16"),
        (MemoryError(), TrainingError, "the memory is too small for tiny"),
        (RecipeError("expected 3 widths"), RecipeError, "expected 3 widths"),
    ],
)
def test_any_error_of_a_backend_is_one_of_ours(faces, tmp_path, monkeypatch, error, kind, words):
    def failing(self, keras, *, size_px, classes):
        raise error

    monkeypatch.setattr(Tiny, "build", failing)
    with pytest.raises(kind) as caught:
        train(faces, tmp_path / "run", Recipe(architecture="tiny"))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_network_with_other_outputs_is_refused(faces, tmp_path, monkeypatch):
    build = Tiny.build
    monkeypatch.setattr(
        Tiny,
        "build",
        lambda self, keras, *, size_px, classes: build(self, keras, size_px=48, classes=3),
    )
    with pytest.raises(RecipeError, match=r"its output is \(None, 3\), expected \(None, 7\)"):
        train(faces, tmp_path / "run", Recipe(architecture="tiny"))
