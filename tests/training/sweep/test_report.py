"""The table of a sweep, from made-up trials."""

import csv
from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
pytest.importorskip("optuna", reason="Optuna is not installed (fer-edge[sweep])")

from fer_edge.training.recipes.recipe import format_recipe
from fer_edge.training.sweep.report import write_report
from fer_edge.training.sweep.study import open_study
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
