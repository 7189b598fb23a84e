"""Results of a sweep: a page, a table, and the best recipe."""

import csv
import json
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any

from fer_edge.files import whole_file
from fer_edge.runfolder import RECIPE
from fer_edge.shown import csv_text

from ..loop.run_place import check_no_links
from ..recipes.recipe import format_recipe, load_recipe
from .study import REASON, RUN, TRIALS, TrialState, counted, optuna, run_name
from .sweep import Sweep

PAGE, TABLE, WINNER = "report.html", "trials.csv", "best.toml"

_ENOUGH_FOR_IMPORTANCE = 6
_STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "stopped early",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def write_report(study: Any, sweep: Sweep, out: Path) -> Any:
    """Write the page and the table, and the recipe of the best trial.

    Returns:
        Optuna's best trial; None if no trial is complete.

    Raises:
        OutputError: They cannot be written, or one is a link.
        RecipeError: The recipe of the best trial cannot be read.
    """
    check_no_links(out / name for name in (PAGE, TABLE, WINNER))
    trials = counted(study)
    best = _best(study)
    if best is not None:
        # the resolved recipe: every key, ready for `fer-edge train --recipe`
        text = format_recipe(load_recipe(out / TRIALS / run_name(best) / RECIPE))
        with whole_file(out / WINNER) as temporary:
            temporary.write_text(text, "utf-8")
    _write_table(trials, sweep, out)
    data = _data(study, trials, best, sweep)
    room = files("fer_edge.training.sweep")
    page = (room / "report.html").read_text("utf-8")
    script = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    before, _, after = page.partition("/*DATA*/")
    with whole_file(out / PAGE) as temporary:
        temporary.write_text(before + script + after, "utf-8")
    return best


def importances(study: Any) -> dict[str, float]:
    """Return the importance of each key, as shares; empty for few trials."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < _ENOUGH_FOR_IMPORTANCE or len({trial.value for trial in complete}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        found: dict[str, float] = optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
        )
    return found


def _best(study: Any) -> Any:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return study.best_trial if complete else None


def _write_table(trials: list[Any], sweep: Sweep, out: Path) -> None:
    with (
        whole_file(out / TABLE) as temporary,
        # the reason of a failure may name a path that is not UTF-8
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("trial", "run", "state", "value", "epochs_done", *sweep.space, "reason"))
        for trial in trials:
            value = _value(trial, sweep)
            writer.writerow(
                (
                    trial.number,
                    csv_text(str(trial.user_attrs.get(RUN, ""))),
                    _STATES[trial.state],
                    "" if value is None else f"{value:.5f}",
                    len(trial.intermediate_values),
                    *(_cell(trial.params.get(key, "")) for key in sweep.space),
                    csv_text(str(trial.user_attrs.get(REASON, ""))),
                )
            )


def _cell(value: Any) -> Any:
    return csv_text(value) if isinstance(value, str) else value


def _data(study: Any, trials: list[Any], best: Any, sweep: Sweep) -> dict[str, Any]:
    is_loss = sweep.base.monitor == "loss"
    return {
        "measure": "validation loss" if is_loss else "validation accuracy",
        "lower": is_loss,
        "best": None if best is None else best.number,
        "keys": list(sweep.space),
        "log": [key for key, entry in sweep.space.items() if getattr(entry, "log", False)],
        "importance": importances(study),
        "trials": [
            {
                "number": trial.number,
                "run": trial.user_attrs.get(RUN, ""),
                "state": _STATES[trial.state],
                "value": _value(trial, sweep),
                "values": {key: trial.params.get(key) for key in sweep.space},
                "curve": sorted(trial.intermediate_values.items()),
                "reason": trial.user_attrs.get(REASON, ""),
            }
            for trial in trials
        ],
    }


def _value(trial: Any, sweep: Sweep) -> float | None:
    """Return the value of the epoch to keep of a trial, also of one that was stopped early."""
    if trial.state == TrialState.COMPLETE:
        return float(trial.value)
    # Optuna's value of a trial that was stopped early is that of its last epoch
    found = [value for _, value in sorted(trial.intermediate_values.items())]
    if not found:
        return None
    if sweep.base.monitor == "last":
        return float(found[-1])
    return float(min(found) if sweep.base.monitor == "loss" else max(found))
