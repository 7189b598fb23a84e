"""Complete training runs on cartoon faces."""

import csv
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import zipfile

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge import runfolder
from fer_edge.errors import OutputError, TrainingError
from fer_edge.faces.faceset import load_faceset, save_faceset
from fer_edge.training import train
from fer_edge.training.architectures import FourBlock
from fer_edge.training.backend.validation import top_share
from fer_edge.training.loop import epochs, state
from fer_edge.training.recipes.recipe import (
    Optimizer,
    QuantizationAware,
    Recipe,
    format_recipe,
    load_recipe,
)
from fer_edge.training.reporting.history import load_history
from tests.support.cartoons import draw_face, make_faces
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train


QUICK_NETWORK = FourBlock(filters=(4, 4, 8, 8), dense_units=16)


def quick_recipe(folder):
    recipe = Recipe(epochs=20, batch_size=16, early_stopping_patience=0, network=QUICK_NETWORK)
    path = folder / "quick.toml"
    path.write_text(format_recipe(recipe))
    return path


def run_quietly(recipe, faces, out, **changes):
    return train(faces, out, recipe, **changes).scores


@pytest.mark.parametrize(
    ("monitor", "kept", "words"),
    [
        ("accuracy", lambda epochs: max(epochs, key=lambda e: e.validation_accuracy), "accuracy"),
        ("loss", lambda epochs: min(epochs, key=lambda e: e.validation_loss), "validation loss"),
        ("last", lambda epochs: epochs[-1], "the last"),
    ],
    ids=["accuracy", "loss", "last"],
)
def test_the_kept_epoch_is_named_and_is_the_network(monitor, kept, words, fer_edge, tmp_path):
    save_faceset(make_faces(), tmp_path / "faces.npz")
    plan = {"epochs": 6, "batch_size": 8, "learning_rate": 0.3}  # too high: epochs vary
    recipe = Recipe(**plan, network=QUICK_NETWORK, monitor=monitor)
    (tmp_path / "recipe.toml").write_text(format_recipe(recipe))
    command = ("train", "--data", tmp_path / "faces.npz", "--recipe", tmp_path / "recipe.toml")
    done = fer_edge(*map(str, command), "--out", str(tmp_path / "run"))
    assert done.exit_code == 0, done.output
    epoch = kept(load_history(tmp_path / "run" / "history.csv"))
    assert re.search(rf"^kept: epoch {epoch.number} of 6, .*{words}$", done.stdout, re.MULTILINE)
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert scores["every_face"]["accuracy"] == pytest.approx(epoch.validation_accuracy)


def test_a_run_folder_is_complete(trained):
    run, data = trained
    names = {path.name for path in run.iterdir()}
    assert names >= {
        *("recipe.toml", "run.json", "history.csv", "model.keras", "qat.h5", "scores.json"),
        *("curves.png", "confusion.png", "samples.png", "qat-history.csv"),
    }
    assert not {"state.npz", "begun.json"} & names
    assert not runfolder.partial(run).exists()
    info = runfolder.load_info(run)
    faces = load_faceset(data)
    assert info.data.digest == faces.digest
    assert info.labels == faces.class_names
    scores = json.loads((run / "scores.json").read_text())
    assert scores["every_face"]["n"] == info.data.validation == 84
    assert scores["without_duplicates"]["n"] == 84


def test_it_learns_cartoons(trained):
    run, _ = trained
    with (run / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    best = max(float(epoch["validation_accuracy"]) for epoch in history)
    assert best > 0.3  # chance is 1/7 = 0.14; three deviations above it, 0.26
    assert json.loads((run / "scores.json").read_text())["every_face"]["accuracy"] == pytest.approx(
        best
    )


def test_the_resolved_recipe_repeats_the_run(trained):
    run, _ = trained
    assert load_recipe(str(run / "recipe.toml")).epochs == 10


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_epoch(tmp_path):
    faces = make_faces()

    def explode(stage, epoch):
        monkey.setattr(epochs, "cross_entropy", lambda *_: float("nan"))

    with (
        pytest.MonkeyPatch.context() as monkey,
        pytest.raises(TrainingError, match=r"epoch 2 is not finite.*earlier epochs are kept in"),
    ):
        run_quietly(Recipe(epochs=3, batch_size=16), faces, tmp_path / "run", on_epoch=explode)
    left = runfolder.partial(tmp_path / "run")
    assert (left / "model.keras").exists()
    assert len((left / "history.csv").read_text().splitlines()) == 2
    run_quietly(Recipe(epochs=3, batch_size=16), faces, tmp_path / "run", existing="resume")
    assert (tmp_path / "run" / "scores.json").exists()


def test_a_rate_that_makes_the_loss_infinite_is_one_clear_line(fer_edge, tmp_path):
    save_faceset(make_faces(), tmp_path / "faces.npz")
    result = fer_edge(
        *("train", "--data", tmp_path / "faces.npz", "--out", tmp_path / "run"),
        *("--recipe", quick_recipe(tmp_path), "--learning-rate", "1e30"),
    )
    assert_one_clear_line(
        result, "loss of epoch 1 is not finite", "; lower the learning rate (now 1e+30), and train"
    )
    left = {path.name for path in (tmp_path / "run.partial").iterdir()}
    assert left == {"begun.json", "recipe.toml"}


def test_what_else_can_make_the_loss_infinite_is_named(tmp_path):
    optimizer = Optimizer(kind="adamw", weight_decay=1e30)
    with pytest.raises(TrainingError) as caught:
        run_quietly(Recipe(batch_size=16, optimizer=optimizer), make_faces(), tmp_path / "run")
    expected = "lower the learning rate (now 0.001), or optimizer.weight_decay (now 1e+30), and"
    assert expected in str(caught.value)
    assert "earlier epochs" not in str(caught.value)


def test_a_full_disk_keeps_the_last_good_epoch(fer_edge, tmp_path):
    data, out = tmp_path / "faces.npz", tmp_path / "run"
    save_faceset(make_faces(), data)
    options = ["--data", str(data), "--recipe", str(quick_recipe(tmp_path)), "--out", str(out)]
    command = [sys.executable, "-m", "fer_edge", "train", *options]
    # coverage could not write its file either, and would print an error
    unmeasured = {key: value for key, value in os.environ.items() if "COVERAGE" not in key}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=unmeasured)
    folder = runfolder.partial(out)
    deadline = time.monotonic() + 120
    while not (folder / "history.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    # from now on the kernel refuses to enlarge a file beyond this limit, as a full disk would
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    _, error = process.communicate(timeout=120)
    assert process.returncode == 1, error
    assert "Traceback" not in error
    line = error.splitlines()[-1]
    assert line.startswith(f"fer-edge: error: cannot write {folder}"), error
    assert "free some space there" in line
    assert {path.name for path in folder.iterdir()} == {
        *("recipe.toml", "begun.json", "model.keras", "state.npz", "history.csv")
    }
    with zipfile.ZipFile(folder / "model.keras") as saved:
        assert saved.testzip() is None
    done = len(load_history(folder / "history.csv"))
    assert 1 <= done < 20

    result = fer_edge("train", *options, "--resume")
    assert result.exit_code == 0, result.output
    assert len(load_history(out / "history.csv")) == 20


def test_averaging_the_weights_leaves_the_training_as_it_is(tmp_path):
    histories = []
    for average in (0.0, 0.5):
        optimizer = Optimizer(average=average)
        recipe = Recipe(epochs=2, batch_size=8, network=QUICK_NETWORK, optimizer=optimizer)
        run_quietly(recipe, make_faces(), tmp_path / f"{average}")
        histories.append(load_history(tmp_path / f"{average}" / "history.csv"))
    for plain, averaged in zip(*histories, strict=True):
        assert averaged.loss == pytest.approx(plain.loss, rel=1e-4)
        assert averaged.validation_loss != pytest.approx(plain.validation_loss, rel=1e-4)


def test_the_share_of_labels_among_the_three_likeliest():
    probabilities = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]], np.float32)
    labels = np.array([3, 3], np.uint8)
    assert top_share(probabilities, labels) == 0.5
    assert top_share(probabilities, np.array([2, 1], np.uint8)) == 1.0
    assert top_share(probabilities[:, :2], np.array([0, 1], np.uint8)) == 1.0


def test_a_state_from_before_top3_was_unmeasured_is_read(tmp_path):
    np.savez(tmp_path / "state.npz", history=np.arange(1.0, 8.0)[np.newaxis])
    (epoch,) = state.load_state([], tmp_path / "state.npz")
    assert (epoch.number, epoch.seconds) == (1, 7.0)
    assert np.isnan(epoch.validation_top3)


def test_faces_without_a_validation_part_are_refused(tmp_path, fer_edge):
    faces = make_faces(validation_per_class=0)
    save_faceset(faces, tmp_path / "faces.npz")
    result = fer_edge("train", "--data", tmp_path / "faces.npz", "--out", tmp_path / "run")
    assert_one_clear_line(result, "expected train and validation")
    assert not (tmp_path / "run.partial").exists()


@pytest.mark.parametrize(
    ("architecture", "sizes", "words"),
    [
        ("compact", "widths = [4, 8]", "2 widths and 3 blocks"),
        ("four-block", "filters = [0, 8]", "cannot be built for faces of 48 px"),
        ("four-block", "dense_units = 10001", "'network.dense_units' is 10001, expected at most"),
    ],
)
def test_a_network_that_cannot_be_built_is_one_clear_line(
    fer_edge, tmp_path, architecture, sizes, words
):
    save_faceset(make_faces(per_class=1), tmp_path / "faces.npz")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'architecture = "{architecture}"\n[network]\n{sizes}\n')
    result = fer_edge(
        *("train", "--data", tmp_path / "faces.npz", "--out", tmp_path / "run"),
        *("--recipe", recipe),
    )
    assert_one_clear_line(result, words)
    assert {path.name for path in tmp_path.iterdir()} == {"faces.npz", "recipe.toml"}


def test_pictures_are_imported_at_the_size_of_the_network(tmp_path):
    for label, name in enumerate(("sad", "happy")):
        (tmp_path / "faces" / name).mkdir(parents=True)
        for seed in range(4):
            face = draw_face(label, seed, 96)
            cv2.imwrite(str(tmp_path / "faces" / name / f"{seed}.png"), face)
    recipe = Recipe(epochs=1, size_px=64, network=QUICK_NETWORK)
    run = train(tmp_path / "faces", tmp_path / "run", recipe)
    assert run.faces.images.shape[1:] == (64, 64)


def test_a_place_that_cannot_be_written_is_one_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        run_quietly(Recipe(epochs=1), make_faces(), tmp_path / "file" / "run")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--recipe", "nonsense"], "nonsense"),
        (["--precision", "float8"], "float16"),
        (["--data", "missing.npz"], "missing.npz"),
    ],
)
def test_wrong_options_are_one_clear_line(trained, fer_edge, tmp_path, options, words):
    arguments = ["train", "--data", trained[1], "--out", tmp_path / "run", *options]
    assert_one_clear_line(fer_edge(*arguments), words)
    assert not list(tmp_path.iterdir())


def test_options_without_effect_are_refused(fer_edge, tmp_path):
    save_faceset(make_faces(per_class=1), tmp_path / "faces.npz")
    arguments = ["train", "--data", tmp_path / "faces.npz", "--out", tmp_path / "run"]
    both = fer_edge(*arguments, "--resume", "--overwrite")
    assert both.exit_code == 2
    assert "expected --resume or --overwrite, got both" in both.stderr
    (tmp_path / "recipe.toml").write_text("[qat]\nepochs = 0\n")
    without = fer_edge(*arguments, "--recipe", tmp_path / "recipe.toml", "--qat")
    assert_one_clear_line(without, "'qat.epochs' is 0, expected at least 1")
    assert not list(tmp_path.glob("run*"))


def test_qat_can_be_added_to_a_finished_run_and_a_kill_leaves_no_half_of_it(trained, tmp_path):
    run, data = trained
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "qat.h5").unlink()
    (copy / "qat-history.csv").unlink()
    recipe = load_recipe(str(copy / "recipe.toml"))
    before = (copy / "model.keras").read_bytes()

    def stop(stage, epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_quietly(recipe, load_faceset(data), copy, qat=True, existing="resume", on_epoch=stop)
    assert not (copy / "qat.h5").exists()

    run_quietly(recipe, load_faceset(data), copy, qat=True, existing="resume")
    assert (copy / "qat.h5").exists()
    assert (copy / "model.keras").read_bytes() == before
    (whole,), (again,) = (load_history(place / "qat-history.csv") for place in (run, copy))
    assert again.loss == pytest.approx(whole.loss, rel=1e-3)
    assert again.validation_loss == pytest.approx(whole.validation_loss, rel=1e-3)


def test_qat_with_fewer_faces_than_a_batch(tmp_path):
    recipe = Recipe(
        epochs=1,
        batch_size=64,
        network=QUICK_NETWORK,
        qat=QuantizationAware(epochs=1),
    )
    faces = make_faces(per_class=2, validation_per_class=1)
    run_quietly(recipe, faces, tmp_path / "run", qat=True)
    assert (tmp_path / "run" / "qat.h5").exists()
