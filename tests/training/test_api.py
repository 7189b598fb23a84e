"""Public Python API of training."""

import inspect
import subprocess
import sys
import typing
from dataclasses import fields

import pytest

import fer_edge.training
from fer_edge.errors import RecipeError, TrainingError
from fer_edge.faces.faceset import save_faceset
from fer_edge.training import Cluster, RecipeChanges, TrainedRun, load_recipe, train
from fer_edge.training.api import open_faces
from fer_edge.training.architectures import FourBlock
from fer_edge.training.command import train as command
from fer_edge.training.loop.run_place import Place, open_place
from fer_edge.training.recipes.recipe import Recipe
from tests.support.cartoons import make_faces


def test_importing_the_package_loads_no_library_and_train_loads_keras_only_when_called():
    code = (
        "import sys, fer_edge.training\n"
        "assert not {'numpy', 'cv2', 'click'} & set(sys.modules)\n"
        "from fer_edge.training import *\n"
        "load_recipe('tiny')\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there_and_listed():
    for name in fer_edge.training.__all__:
        assert getattr(fer_edge.training, name) is not None
    assert set(fer_edge.training.__all__) <= set(dir(fer_edge.training))
    with pytest.raises(AttributeError, match="no_such_name"):
        fer_edge.training.no_such_name  # noqa: B018


def own_types(hint):
    """Yield the names of fer_edge's classes in a type hint."""
    if getattr(hint, "__module__", "").startswith("fer_edge"):
        yield hint.__name__
    inside = hint if isinstance(hint, list) else typing.get_args(hint)  # Callable's arguments
    for inner in inside:
        yield from own_types(inner)


def test_what_its_signature_names_is_public():
    parameters = inspect.signature(train).parameters.values()
    hints = [parameter.annotation for parameter in parameters if parameter.name != "changes"]
    hints += typing.get_type_hints(TrainedRun).values()
    named = {name for hint in hints for name in own_types(hint)}
    assert {"FaceSet", "Recipe", "Epoch", "Evaluation"} <= named
    assert named <= set(fer_edge.training.__all__)


def test_it_takes_what_the_command_takes():
    options = {parameter.name for parameter in command.params}
    arguments = {*inspect.signature(train).parameters, *RecipeChanges.__annotations__}
    arguments |= {field.name for field in fields(Cluster)}  # for `devices`
    assert options - arguments == {"resume", "overwrite", "as_json"}  # `existing`, return value


def test_changes_go_over_a_recipe_of_any_kind(tmp_path):
    own = Recipe(epochs=9, network=FourBlock(filters=(4, 8)))
    changed = load_recipe(own, epochs=3, seed=None)
    assert (changed.epochs, changed.seed, changed.network) == (3, 0, own.network)
    assert load_recipe("resnet50", weights="none").network.weights == "none"
    with pytest.raises(RecipeError, match="did you mean 'epochs'"):
        load_recipe(own, epoch=3)


def test_a_misspelt_word_deletes_no_run(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(TrainingError, match="expected one of refuse, resume, overwrite"):
        open_place(Recipe(), Place(tmp_path / "run", "replace"), "digest")
    assert (tmp_path / "run" / "run.json").exists()


@pytest.mark.parametrize("name", ["faces.npz", "faces"])
def test_classes_without_a_training_face_are_named(tmp_path, caplog, name):
    faces = make_faces(names=("a", "b", "c"))
    keep = (faces.split != 0) | (faces.labels != 1)
    save_faceset(faces.select(keep), tmp_path / name)
    assert open_faces(tmp_path / name, size_px=48)[1].class_names == ("a", "b", "c")
    assert "no training face: b; a model cannot learn them" in caplog.text


@pytest.mark.train
def test_it_trains_and_returns_what_the_folder_holds(tmp_path):
    pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
    faces, seen = make_faces(), []
    own = Recipe(epochs=9, batch_size=16, network=FourBlock(filters=(4, 4, 8, 8), dense_units=16))

    def watch(stage, epoch):
        seen.append((stage, epoch.number))

    run = train(faces, tmp_path / "run", own, on_epoch=watch, epochs=2)
    assert seen == [("float", 1), ("float", 2)]
    assert run.folder == tmp_path / "run"
    assert run.recipe == load_recipe(run.folder / "recipe.toml")
    assert run.recipe.epochs == 2
    assert run.scores.every_face.n == 28
    assert run.float_network.is_file()
    assert run.kept_epoch.number in (1, 2)
    assert run.kept_epoch.validation_accuracy == run.scores.every_face.accuracy
    assert run.quantized_network is None
    assert run.faces is faces
