"""Sharpness-aware steps, compared with the method's formula, on both backends."""

import dataclasses
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.training.architectures import FourBlock
from fer_edge.training.loop import sharpness
from fer_edge.training.recipes.recipe import Augmentation, Loss, Optimizer, Recipe, load_recipe
from fer_edge.training.reporting.history import load_history
from tests.support.cartoons import make_faces
from tests.support.whole_way import quick, run

RADIUS, RATE, FACES = 0.3, 0.5, 5

ONE_STEP = f"""
import json, sys
import numpy as np
from fer_edge.training.backend.keras3 import keras
from fer_edge.training.recipes.recipe import Augmentation, Loss
from fer_edge.training.loop.resident import ResidentFaces, training_model

random = np.random.default_rng(0)
faces = random.integers(0, 256, ({FACES}, 8, 8), np.uint8)
labels = np.eye(3, dtype=np.float32)[random.integers(0, 3, {FACES})]
network = keras.Sequential(
    [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3, "softmax")]
)
still = Augmentation()
model = training_model(
    network, ResidentFaces(faces, still, 0), still, Loss(), sharpness=float(sys.argv[1])
)
model.compile(keras.optimizers.SGD({RATE}), keras.losses.CategoricalCrossentropy())
before = [w.tolist() for w in network.get_weights()]
rows = {{"row": np.arange({FACES}, dtype=np.int32)}}
model.fit(rows, labels, batch_size={FACES}, shuffle=False, verbose=0)
after = [w.tolist() for w in network.get_weights()]
print(json.dumps([faces.tolist(), labels.tolist(), before, after]))
"""


def gradient(kernel, bias, faces, labels):
    logits = faces @ kernel + bias
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    error = (shares - labels) / len(faces)
    return faces.T @ error, error.sum(axis=0)


@pytest.mark.train
@pytest.mark.parametrize("radius", [0.0, RADIUS])
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_step_is_the_gradient_where_half_of_the_batch_says_that_it_is_worse(backend, radius):
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", ONE_STEP, str(radius)],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    faces, labels, before, after = json.loads(done.stdout)
    faces = np.asarray(faces).reshape(FACES, -1) / 255
    labels, (kernel, bias) = np.asarray(labels), map(np.asarray, before)
    up = gradient(kernel, bias, faces[:3], labels[:3])
    length = np.sqrt(sum((part**2).sum() for part in up))
    nearby = [w + radius * part / length for w, part in zip((kernel, bias), up, strict=True)]
    down = gradient(*nearby, faces, labels)
    for was, part, now in zip((kernel, bias), down, after, strict=True):
        np.testing.assert_allclose(now, was - RATE * part, atol=1e-5)


@pytest.mark.train
def test_it_trains_beside_mixup_votes_and_teachers(tmp_path):
    network = FourBlock(filters=(4, 4, 8, 8), dense_units=8)
    faces = make_faces(per_class=4)
    faces = dataclasses.replace(faces, votes=np.ones((len(faces), 10), np.uint8))
    run(quick(Recipe(network=network)), faces, tmp_path / "teacher")
    recipe = quick(
        Recipe(
            network=network,
            precision="bfloat16",
            teachers=(str(tmp_path / "teacher"),),
            augmentation=Augmentation(flip=True, noise=0.1, mixup=0.2),
            loss=Loss(votes_weight=0.5, teacher_share=0.5),
            optimizer=Optimizer(kind="sgd", average=0.9, sharpness=0.1),
        )
    )
    run(recipe, faces, tmp_path / "sharp")
    assert load_recipe(str(tmp_path / "sharp" / "recipe.toml")) == recipe
    assert np.isfinite([epoch.loss for epoch in load_history(tmp_path / "sharp/history.csv")]).all()


def test_what_cannot_be_is_refused_in_one_line(monkeypatch):
    with pytest.raises(RecipeError, match=r"'precision' is float16.*bfloat16 with"):
        Recipe(precision="float16", optimizer=Optimizer(sharpness=0.1))
    with pytest.raises(RecipeError, match=r"'optimizer.sharpness' is -1"):
        Recipe(optimizer=Optimizer(sharpness=-1))
    monkeypatch.setattr(sharpness.keras.backend, "backend", lambda: "torch")
    with pytest.raises(TrainingError, match=r"it runs on torch; set KERAS_BACKEND"):
        sharpness.check_backend()
