"""Runs that are continued or overwritten, on cartoon faces."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge import runfolder
from fer_edge.errors import OutputError, TrainingError
from fer_edge.faces.faceset import save_faceset
from fer_edge.training import train
from fer_edge.training.architectures import FourBlock
from fer_edge.training.loop import epochs
from fer_edge.training.recipes.recipe import Optimizer, Recipe, load_recipe
from tests.support.cartoons import make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.quick_recipe import QUICK_RECIPE

pytestmark = pytest.mark.train

QUICK = Recipe(
    epochs=1, batch_size=16, network=FourBlock(filters=(4, 4, 8, 8), dense_units=16), seed=2**32 - 1
)


def run_quietly(recipe, faces, out, **changes):
    return train(faces, out, recipe, **changes).scores


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_killed_run_goes_on_from_its_last_epoch(tmp_path):
    data, out = tmp_path / "faces.npz", tmp_path / "run"
    save_faceset(make_faces(per_class=24, validation_per_class=4), data)
    recipe = tmp_path / "quick.toml"
    recipe.write_text(QUICK_RECIPE)
    command = [sys.executable, "-m", "fer_edge", "train", "--data", str(data), "--recipe"]
    command += [str(recipe), "--out", str(out), "--epochs", "4"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    history = runfolder.partial(out) / "history.csv"
    deadline = time.monotonic() + 120
    while not history.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = history.read_text().splitlines()
    assert len(before) < 5, "the run ended before it could be killed"
    assert not out.exists()

    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    after = (out / "history.csv").read_text().splitlines()
    assert after[: len(before)] == before
    assert len(after) == 5


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    faces = make_faces()
    recipe = Recipe(
        epochs=3,
        batch_size=16,
        augmentation=load_recipe("four-block").augmentation,
        optimizer=Optimizer(sharpness=0.1),
    )
    run_quietly(recipe, faces, tmp_path / "whole")

    def stop(stage, epoch):
        if epoch.number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_quietly(recipe, faces, tmp_path / "parts", on_epoch=stop)
    run_quietly(recipe, faces, tmp_path / "parts", existing="resume")
    whole, parts = (
        [
            {key: value for key, value in row.items() if key != "seconds"}
            for row in csv.DictReader((tmp_path / name / "history.csv").open())
        ]
        for name in ("whole", "parts")
    )
    for one, other in zip(whole, parts, strict=True):
        for key in one:
            assert float(one[key]) == pytest.approx(float(other[key]), rel=1e-3), key


def test_an_existing_run_is_kept_unless_told(trained, fer_edge, tmp_path):
    run, data = trained
    before = (run / "history.csv").read_bytes()
    assert_one_clear_line(fer_edge("train", "--data", data, "--out", run), "--overwrite")
    assert (run / "history.csv").read_bytes() == before


def test_resuming_with_another_recipe_is_refused(trained, fer_edge):
    run, data = trained
    result = fer_edge("train", "--data", data, "--out", run, "--resume", "--epochs", "99")
    assert_one_clear_line(result, "a different recipe")


def test_resuming_nothing_is_refused(trained, fer_edge, tmp_path):
    result = fer_edge("train", "--data", trained[1], "--out", tmp_path / "none", "--resume")
    assert_one_clear_line(result, "no run to resume")


@pytest.mark.parametrize("existing", ["refuse", "resume", "overwrite"])
def test_a_second_training_into_the_folder_of_a_live_one_is_refused(tmp_path, existing):
    faces, refusals = make_faces(per_class=8, validation_per_class=4), []

    def meanwhile(stage, epoch):
        with pytest.raises(OutputError, match=r"run is in use by another training \(process "):
            run_quietly(replace(QUICK, seed=2), faces, tmp_path / "run", existing=existing)
        refusals.append(epoch)

    done = train(faces, tmp_path / "run", QUICK, on_epoch=meanwhile)
    assert refusals
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert load_recipe(done.folder / "recipe.toml") == QUICK


def test_a_state_of_another_network_is_refused(tmp_path):
    recipe = Recipe(epochs=2, batch_size=16)

    def stop(stage, epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_quietly(recipe, make_faces(), tmp_path / "run", on_epoch=stop)
    path = runfolder.partial(tmp_path / "run") / "state.npz"
    np.savez(path, np.zeros(3), history=np.zeros((1, 7)))
    with pytest.raises(TrainingError, match="does not fit"):
        run_quietly(recipe, make_faces(), tmp_path / "run", existing="resume")


def test_a_failed_run_leaves_the_run_that_it_was_to_overwrite(trained, tmp_path, monkeypatch):
    run = shutil.copytree(trained[0], tmp_path / "run")
    before = contents(run)
    with monkeypatch.context() as patch, pytest.raises(TrainingError, match="not finite"):
        patch.setattr(epochs, "cross_entropy", lambda *_: float("nan"))
        run_quietly(QUICK, make_faces(), run, existing="overwrite")
    assert contents(run) == before
    with pytest.raises(TrainingError, match="is not a run folder"):
        run_quietly(QUICK, make_faces(), run, existing="overwrite", start=str(tmp_path / "none"))
    assert contents(run) == before
    monkeypatch.chdir(run)  # the run folder may be named by a dot
    assert train(make_faces(), ".", QUICK, existing="overwrite").folder == run
    assert not runfolder.partial(run).exists()
    assert load_recipe(run / "recipe.toml") == QUICK


@pytest.mark.parametrize("options", [[], ["--qat"]])
@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_run_without_its_network_is_not_resumed(trained, fer_edge, tmp_path, options, damage):
    run, data = trained
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "qat.h5").unlink()
    (copy / "model.keras").unlink()
    if damage == "damaged":
        (copy / "model.keras").write_bytes(b"PK\x03\x04 not a network")
    resume = ["--out", copy, "--recipe", copy / "recipe.toml", "--resume", *options]
    result = fer_edge("train", "--data", data, *resume)
    assert_one_clear_line(result, "model.keras", "cannot be continued", "start again with")


def test_resuming_with_other_faces_is_refused(trained, fer_edge, tmp_path):
    run, _ = trained
    save_faceset(make_faces(per_class=5), tmp_path / "other.npz")
    resume = ["--out", run, "--recipe", run / "recipe.toml", "--resume", "--qat"]
    result = fer_edge("train", "--data", tmp_path / "other.npz", *resume)
    assert_one_clear_line(result, "has a different face set: expected the digest", ", got ")


@pytest.mark.parametrize("options", [["--out", "/"], ["--start", "/"], ["--start", "."]])
def test_a_folder_without_a_name_is_no_run(trained, fer_edge, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    arguments = ["train", "--data", trained[1], "--epochs", 1, "--out", tmp_path / "run", *options]
    assert_one_clear_line(fer_edge(*arguments), "run folder")
