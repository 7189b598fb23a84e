"""Which trials a sweep stops early, with made-up results."""

from pathlib import Path

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")
pytest.importorskip("optuna", reason="Optuna is not installed (fer-edge[sweep])")

from fer_edge.training.sweep.study import open_study
from fer_edge.training.sweep.sweep import load_sweep

SEARCH = """
recipe = "four-block"
[pruning]
startup_trials = 1
warmup_epochs = {}
[search]
epochs = [7, 8]
"""


@pytest.mark.parametrize("warmup_epochs", [0, 1, 3])
def test_a_bad_trial_is_stopped_after_the_first_epoch_that_may_stop_it(
    tmp_path: Path, warmup_epochs: int
) -> None:
    (tmp_path / "sweep.toml").write_text(SEARCH.format(warmup_epochs), "utf-8")
    study = open_study(load_sweep(tmp_path / "sweep.toml"), tmp_path / "out", "digest")
    good, bad = study.ask(), study.ask()
    for epoch in range(1, 8):
        good.report(0.9, epoch)
    study.tell(good, 0.9)
    stopped = []
    for epoch in range(1, 8):  # numbers of epochs, from 1, as in a training
        bad.report(0.1, epoch)
        stopped.append(bad.should_prune())
    assert stopped == [False] * warmup_epochs + [True] * (7 - warmup_epochs)
