"""The table of a sweep, from made-up trials."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
pytest.importorskip("optuna", reason="Optuna is not installed (fer-edge[sweep])")

from fer_edge.training.recipes.recipe import format_recipe
from fer_edge.training.sweep.report import write_report
from fer_edge.training.sweep.study import REASON, TrialState, open_study
from fer_edge.training.sweep.sweep import load_sweep

SEARCH = """
recipe = "four-block"
trials = 1
[search]
epochs = [7, 8]
"""


def test_the_table_has_each_column_once_if_epochs_are_searched(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(SEARCH, "utf-8")
    sweep, out = load_sweep(tmp_path / "sweep.toml"), tmp_path / "out"
    study = open_study(sweep, out, "digest")
    trial = study.ask()
    values = {key: entry.ask(key, trial) for key, entry in sweep.space.items()}
    (out / "trials" / "0000").mkdir()
    (out / "trials" / "0000" / "recipe.toml").write_text(
        format_recipe(sweep.recipe(values)), "utf-8"
    )
    for epoch in (1, 2, 3):
        trial.report(0.5, epoch)
    study.tell(trial, 0.5)
    write_report(study, sweep, out)
    with (out / "trials.csv").open(newline="") as file:
        header, row = csv.reader(file)
    assert len(set(header)) == len(header)
    assert row[header.index("epochs")] in ("7", "8")
    assert row[header.index("epochs_done")] == "3"


@pytest.mark.parametrize(("monitor", "value"), [("accuracy", 0.56), ("loss", 0.41), ("last", 0.41)])
def test_a_trial_that_was_stopped_early_has_the_value_of_its_best_epoch(
    tmp_path: Path, monitor: str, value: float
) -> None:
    (tmp_path / "sweep.toml").write_text(SEARCH, "utf-8")
    sweep, out = load_sweep(tmp_path / "sweep.toml"), tmp_path / "out"
    sweep = replace(sweep, base=replace(sweep.base, monitor=monitor))
    study = open_study(sweep, out, "digest")
    trial = study.ask()
    for epoch, found in ((1, 0.50), (2, 0.56), (3, 0.41)):
        trial.report(found, epoch)
    study.tell(trial, state=TrialState.PRUNED)
    write_report(study, sweep, out)
    with (out / "trials.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["value"]) == value
    page = (out / "report.html").read_text("utf-8")
    assert f'"state":"stopped early","value":{value}' in page


def test_a_reason_with_any_file_name_is_written_and_is_no_formula(tmp_path: Path) -> None:
    (tmp_path / "sweep.toml").write_text(SEARCH, "utf-8")
    sweep, out = load_sweep(tmp_path / "sweep.toml"), tmp_path / "out"
    study = open_study(sweep, out, "digest")
    for reason in ("cannot write /caf\udce9", "=cmd()"):
        trial = study.ask()
        trial.set_user_attr(REASON, reason)
        study.tell(trial, state=TrialState.FAIL)
    write_report(study, sweep, out)
    with (out / "trials.csv").open(encoding="utf-8", newline="") as file:
        reasons = [row["reason"] for row in csv.DictReader(file)]
    assert reasons == ["cannot write /caf\\udce9", "'=cmd()"]
    assert (out / "report.html").exists()
