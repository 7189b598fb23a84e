"""An epoch as one program of JAX gives the figures and weights of `fit`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
pytest.importorskip("jax", reason="JAX is not installed (fer-edge[train-jax])")

pytestmark = pytest.mark.train

ROOT = Path(__file__).resolve().parents[3]
TWICE = """
import json
import numpy as np
from fer_edge.training.architectures import find_architecture
from fer_edge.training.backend.keras3 import keras
from fer_edge.training.backend.precision import learning_copy
from fer_edge.training.loop import fitting, jax_epoch
from fer_edge.training.loop.float_stage import build_training
from fer_edge.training.loop.lessons import plan_lessons
from fer_edge.training.recipes.recipe import Augmentation, Loss, Optimizer, Recipe
from fer_edge.training.reporting.progress import EpochBar
from tests.support.cartoons import make_faces

assert not jax_epoch.fits_in_jax(None)  # a CPU
jax_epoch.CHUNK = 4
faces = make_faces(per_class=7)
train = faces.part("train")
net = find_architecture("tiny")(stem=4, widths=(8,), blocks=(1,))
recipe = Recipe(
    architecture="tiny",
    network=net,
    batch_size=8,
    passes=2,
    learning_rate=1e-4,  # at a usual one, rounding errors grow with every step
    augmentation=Augmentation(mixup=0.2, noise=0.1),
    optimizer=Optimizer(kind="sgd", average=0.9, weight_decay=1e-3),
    loss=Loss(temperature=1.0, teacher_share=0.5),
)
said = []
for in_jax in (False, True):
    fitting.fits_in_jax = lambda model: in_jax
    keras.utils.set_random_seed(1)
    network, teacher = (net.build(keras, size_px=48, classes=7) for _ in range(2))
    lessons = plan_lessons(recipe, faces, train, [teacher])
    model = build_training(recipe, learning_copy(network, recipe.precision), train, lessons)
    bars = [EpochBar("epoch", epochs_after=0, last_epoch_s=None) for _ in range(2)]
    figures = [fitting.fit_epoch(model, lessons, at + 1, bar) for at, bar in enumerate(bars)]
    weights = [np.asarray(v.value) for v in (*model.variables, *model.optimizer.variables)]
    said.append((figures, weights))
    assert int(model.optimizer.iterations) == 2 * 2 * (len(train) // 8)
(fitted, ours), (looped, theirs) = said
away = max(float(np.abs(np.subtract(a, b, dtype=float)).max()) for a, b in zip(ours, theirs))
print(json.dumps([fitted, looped, away]))
"""


def test_a_loop_in_jax_trains_like_fit():
    done = subprocess.run(
        [sys.executable, "-c", TWICE],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    fitted, looped, away = json.loads(done.stdout)
    assert away < 1e-5
    assert len(fitted) == len(looped) == 2
    for one, other in zip(fitted, looped, strict=True):
        assert other == pytest.approx(one, abs=1e-5)
