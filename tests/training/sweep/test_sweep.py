"""Complete sweeps on cartoon faces, with trainings that take a second."""

import csv
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
pytest.importorskip("optuna", reason="Optuna is not installed (fer-edge[sweep])")

from fer_edge.errors import OutputError
from fer_edge.faces.faceset import FaceSet, save_faceset
from fer_edge.training import train
from fer_edge.training.recipes.recipe import format_recipe, load_recipe
from fer_edge.training.reporting.history import load_history
from fer_edge.training.sweep.report import write_report
from fer_edge.training.sweep.search import Ended, search
from fer_edge.training.sweep.study import (
    TrialState,
    abandoned,
    counted,
    go_on,
    next_trial,
    open_study,
)
from fer_edge.training.sweep.sweep import Sweep, load_sweep
from tests.support.cartoons import make_faces
from tests.support.chromium import Chromium
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train

RECIPE = """
epochs = 3
batch_size = 16
[network]
filters = [4, 4, 8, 8]
dense_units = 16
"""
SEARCH = """
recipe = "base.toml"
trials = 4
[pruning]
enabled = false
[search]
learning_rate = {low = 1e-3, high = 1e-2, log = true}
optimizer.kind = ["adam", "rmsprop"]
"""


@pytest.fixture
def faces() -> FaceSet:
    return make_faces(per_class=6, validation_per_class=3)


@pytest.fixture
def data(tmp_path: Path, faces: FaceSet) -> Path:
    save_faceset(faces, tmp_path / "faces.npz")
    return tmp_path / "faces.npz"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "base.toml").write_text(RECIPE, "utf-8")
    (tmp_path / "sweep.toml").write_text(SEARCH, "utf-8")
    return tmp_path / "sweep.toml"


def changed(file: Path, before: str, after: str) -> Sweep:
    file.write_text(file.read_text("utf-8").replace(before, after), "utf-8")
    return load_sweep(file)


def table(out: Path) -> list[dict[str, str]]:
    with (out / "trials.csv").open(newline="") as rows:
        return list(csv.DictReader(rows))


def test_a_sweep_leaves_run_folders_a_table_and_the_winners_recipe(
    fer_edge: Callable[..., Result], file: Path, data: Path, tmp_path: Path, caplog: Any
) -> None:
    out = tmp_path / "sweep"
    result = fer_edge("sweep", file, "--data", data, "--out", out)
    assert result.exit_code == 0, result.output
    assert "retracing" not in caplog.text  # TensorFlow warns about networks that follow another
    rows = table(out)
    assert [row["state"] for row in rows] == ["complete"] * 4
    for row in rows:
        run = out / "trials" / row["run"]
        recipe = load_recipe(run / "recipe.toml")
        assert recipe.learning_rate == pytest.approx(float(row["learning_rate"]))
        assert recipe.optimizer.kind == row["optimizer.kind"]
        history = load_history(run / "history.csv")
        best = max(epoch.validation_accuracy for epoch in history)
        assert float(row["value"]) == pytest.approx(best, abs=1e-5)
    winner = max(rows, key=lambda row: float(row["value"]))
    assert f"{float(winner['value']):.4f}" in result.stdout
    # best.toml is a recipe for `fer-edge train`
    trained = train(data, tmp_path / "again", out / "best.toml", epochs=1)
    assert trained.recipe.optimizer.kind == winner["optimizer.kind"]
    again = fer_edge("sweep", file, "--data", data, "--out", out)
    assert again.exit_code == 0
    assert "epoch" not in again.stderr  # there are enough trials already
    more = fer_edge("sweep", file, "--data", data, "--out", out, "--trials", 5)
    assert more.exit_code == 0
    assert len(table(out)) == 5


def test_a_trial_that_lags_behind_is_given_up(file: Path, faces: FaceSet, tmp_path: Path) -> None:
    pruning = "enabled = true\nstartup_trials = 1\nwarmup_epochs = 0"
    sweep, out = changed(file, "enabled = false", pruning), tmp_path / "out"
    sweep = changed(file, "trials = 4", "trials = 2")
    study = open_study(sweep, out, faces.digest)
    perfect = study.ask()
    for epoch in (1, 2, 3):
        perfect.report(1.0, epoch)
    study.tell(perfect, 1.0)
    ended: list[Ended] = []
    search(sweep, faces, out, on_trial=ended.append)
    assert [(item.number, item.state) for item in ended] == [(1, "pruned")]
    assert [path.name for path in (out / "trials").glob("????*")] == ["0001.partial"]


def test_a_trial_that_fails_says_why_and_the_others_go_on(
    file: Path, faces: FaceSet, tmp_path: Path
) -> None:
    sweep = changed(file, 'optimizer.kind = ["adam", "rmsprop"]', "size_px = [8, 48]")
    ended: list[Ended] = []
    study = search(sweep, faces, tmp_path / "out", on_trial=ended.append)
    states = {item.state for item in ended}
    assert states == {"complete", "failed"}
    write_report(study, sweep, tmp_path / "out")
    failed = [row for row in table(tmp_path / "out") if row["state"] == "failed"]
    assert all(row["size_px"] == "8" and row["reason"] for row in failed)


def test_another_sweep_or_other_faces_at_the_same_place_are_refused(
    fer_edge: Callable[..., Result], file: Path, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "sweep"
    open_study(load_sweep(file), out, "another digest")
    assert_one_clear_line(
        fer_edge("sweep", file, "--data", data, "--out", out), "a different face set"
    )
    changed(file, "1e-2", "1e-1")
    assert_one_clear_line(
        fer_edge("sweep", file, "--data", data, "--out", out), "a different sweep"
    )
    result = fer_edge("sweep", file, "--data", data, "--out", tmp_path)
    assert_one_clear_line(result, "is not a sweep")


@pytest.mark.parametrize("name", ["/evil", "../evil", "0000/../../evil", "", 3, "\u0663" * 4])
def test_a_journal_leads_to_no_other_folder(
    file: Path, faces: FaceSet, tmp_path: Path, name: object
) -> None:
    sweep, out = load_sweep(file), tmp_path / "sweep"
    study = open_study(sweep, out, faces.digest)
    study.enqueue_trial({}, user_attrs={"run": name})
    with pytest.raises(OutputError, match=r"journal\.log names .* as the run of trial 0, expected"):
        search(sweep, faces, out)
    trial = study.ask()
    trial.set_user_attr("run", name)
    study.tell(trial, 1.0)
    with pytest.raises(OutputError, match=r"journal\.log names .* as the run of trial 1, expected"):
        write_report(study, sweep, out)
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("name", ["journal.log", "trials", "trials/0000", "trials/.0000.lock"])
def test_a_link_leads_to_no_other_folder(
    file: Path, faces: FaceSet, tmp_path: Path, name: str
) -> None:
    sweep, out, place = load_sweep(file), tmp_path / "sweep", tmp_path / "sweep" / name
    open_study(sweep, out, faces.digest)
    if place.exists():
        place.rename(tmp_path / "other")
    place.symlink_to(tmp_path / "other")
    with pytest.raises(OutputError, match=f"{place}"):
        search(sweep, faces, out)
    assert not list((tmp_path / "other").glob("*"))


def process(file: Path, data: Path, out: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "fer_edge", "sweep", str(file), "--data", str(data)]
    return subprocess.Popen(
        [*command, "--out", str(out), *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_sweep_goes_on_in_the_middle_of_a_training(
    file: Path, data: Path, faces: FaceSet, tmp_path: Path
) -> None:
    out = tmp_path / "sweep"
    changed(file, "trials = 4", "trials = 2")
    with process(file, data, out) as first:
        assert first.stderr
        for line in first.stderr:
            if "trial 1, epoch 1" in line:
                break
        os.kill(first.pid, signal.SIGKILL)
    sweep = load_sweep(file)
    (left,) = abandoned(open_study(sweep, out, faces.digest), out)
    assert left.number == 1
    epochs: list[tuple[int, int]] = []
    study = search(
        sweep, faces, out, resume=True, on_epoch=lambda n, epoch: epochs.append((n, epoch.number))
    )
    assert [number for number, _ in epochs] == [2] * len(epochs)
    assert epochs[0][1] >= 2  # continues after the last trained epoch
    assert len(counted(study)) == 2
    assert sorted(path.name for path in (out / "trials").glob("????")) == ["0000", "0001"]
    write_report(study, sweep, out)
    assert [(row["trial"], row["run"], row["epochs_done"]) for row in table(out)] == [
        ("0", "0000", "3"),
        ("2", "0001", "3"),
    ]


def test_two_processes_that_resume_queue_an_abandoned_trial_once(
    file: Path, faces: FaceSet, tmp_path: Path
) -> None:
    sweep, out = load_sweep(file), tmp_path / "sweep"
    study = open_study(sweep, out, faces.digest)
    trial = study.ask()  # and the process is killed
    values = {key: entry.ask(key, trial) for key, entry in sweep.space.items()}
    one, other = (open_study(sweep, out, faces.digest) for _ in range(2))
    assert len(abandoned(one, out)) == len(abandoned(other, out)) == 1
    go_on(one, out)
    go_on(other, out)
    (queued,) = study.get_trials(states=(TrialState.WAITING,))
    assert queued.number == 1
    again = study.ask()
    assert {key: entry.ask(key, again) for key, entry in sweep.space.items()} == values


def test_a_trial_that_a_process_is_about_to_take_is_not_abandoned(
    file: Path, faces: FaceSet, tmp_path: Path
) -> None:
    sweep, out = load_sweep(file), tmp_path / "sweep"
    study, other = (open_study(sweep, out, faces.digest) for _ in range(2))
    seen: list[list[Any]] = []
    look = threading.Thread(target=lambda: seen.append(abandoned(other, out)))

    class SlowStudy:
        """A study whose process is interrupted after it asked for a trial."""

        def ask(self) -> Any:
            trial = study.ask()
            look.start()
            look.join(0.5)
            return trial

    with next_trial(SlowStudy(), out):
        look.join()
    assert seen == [[]]
    assert len(abandoned(other, out)) == 1  # the trial has no result


def test_two_processes_share_the_trials(
    file: Path, data: Path, faces: FaceSet, tmp_path: Path
) -> None:
    out = tmp_path / "sweep"
    open_study(load_sweep(file), out, faces.digest)
    with process(file, data, out, "--jobs", "2") as one, process(file, data, out) as other:
        lines = [item.communicate(timeout=240)[1].splitlines() for item in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), lines
    done = [{line.split()[1] for line in said if "complete" in line} for said in lines]
    assert not done[0] & done[1]
    study = open_study(load_sweep(file), out, faces.digest)
    assert len(counted(study)) == 4
    assert len(list((out / "trials").glob("????"))) == 4


@pytest.fixture
def browser() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


def make_study(sweep: Sweep, out: Path, faces: FaceSet, count: int) -> Any:
    """Make a study with made-up results of `count` trials, without training."""
    study = open_study(sweep, out, faces.digest)
    for number in range(count):
        trial = study.ask()
        values = {key: entry.ask(key, trial) for key, entry in sweep.space.items()}
        run = out / "trials" / f"{number:04}"
        run.mkdir()
        (run / "recipe.toml").write_text(format_recipe(sweep.recipe(values)), "utf-8")
        trial.set_user_attr("run", run.name)
        reached = 0.9 - 30 * abs(values["learning_rate"] - 3e-3)
        for epoch in range(1, 6):
            trial.report(reached * (1 - 0.5**epoch), epoch)
        study.tell(trial, reached)
    return study


def test_a_browser_shows_the_report(
    browser: Chromium, file: Path, faces: FaceSet, tmp_path: Path
) -> None:
    sweep, out = load_sweep(file), tmp_path / "out"
    best = write_report(make_study(sweep, out, faces, 12), sweep, out)
    assert load_recipe(out / "best.toml").learning_rate == best.params["learning_rate"]
    page = (out / "report.html").as_uri()
    browser.open(page)
    assert browser.errors == []
    assert browser.requested == [page]
    assert browser.evaluate("document.querySelectorAll('#lines polyline').length") == 12
    assert browser.evaluate("document.querySelectorAll('#lines polyline.best').length") == 1
    assert browser.evaluate("document.querySelectorAll('#curves polyline').length") == 5
    assert browser.evaluate("document.querySelectorAll('#table tr').length") == 13
    bars = browser.evaluate("[...document.querySelectorAll('.bar')].map(b => b.innerText)")
    assert bars[0].startswith("learning_rate")
    assert browser.evaluate("document.querySelectorAll('#curves circle').length") == 5
    assert browser.evaluate("[...document.querySelectorAll('th')].every((e) => e.textContent)")
    assert browser.evaluate("document.querySelectorAll('main table').length") == 1
    texts = browser.evaluate(
        "[...document.querySelectorAll('#verdict, #table td:nth-child(4), #curves .soft')]"
        ".map((e) => e.textContent)"
    )
    reached = f"{best.value:.2%}"
    assert f"a validation accuracy of {reached}" in texts[0]
    assert reached in texts[1:]

    # a phone scrolls the charts, and paper holds the whole table
    browser.resize(360, 800)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    letters = "[...document.querySelectorAll('svg text')].map((e) => e.getBBox().height *"
    scale = "e.ownerSVGElement.clientWidth / e.ownerSVGElement.viewBox.baseVal.width)"
    assert min(browser.evaluate(f"{letters} {scale}")) >= 11
    browser.resize(700, 1000)
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.evaluate("document.documentElement.scrollWidth") <= 700
    assert browser.evaluate(
        "[...document.querySelectorAll('.wide')].every((e) => e.scrollWidth <= e.clientWidth)"
    )
