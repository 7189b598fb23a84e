"""The search: trials one after the other until there are enough."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.errors import FerEdgeError, OutputError
from fer_edge.faces.faceset import FaceSet
from fer_edge.runfolder import HISTORY, RECIPE, partial

from .. import api
from ..loop.run_place import check_no_links
from ..reporting.history import Epoch, StageName, load_history
from .study import (
    REASON,
    RUN,
    TRIALS,
    TrialState,
    counted,
    go_on,
    next_trial,
    open_study,
    optuna,
    run_name,
)
from .sweep import Sweep


@dataclass(frozen=True, slots=True)
class Ended:
    """Result of a trial.

    Attributes:
        number: Number of the trial.
        state: "complete", "pruned" or "failed".
        value: Best validation accuracy or loss; None if it failed.
        reason: Reason of the failure.
    """

    number: int
    state: str
    value: float | None = None
    reason: str = ""


def search(
    sweep: Sweep,
    faces: FaceSet,
    out: Path,
    *,
    resume: bool = False,
    on_epoch: Callable[[int, Epoch], object] = lambda number, epoch: None,
    on_trial: Callable[[Ended], object] = lambda ended: None,
) -> Any:
    """Run trials until the sweep is complete; other processes may do the same.

    Args:
        sweep: The sweep.
        faces: Face set with `train` and `validation` splits.
        out: Folder of the sweep; each trial is a run folder in `trials/`.
        resume: Whether to continue trials that a crash left.
        on_epoch: Called with the trial's number after each epoch.
        on_trial: Called after each trial.

    Returns:
        Optuna's study.

    Raises:
        RecipeError: The folder contains a different sweep.
        OutputError: It cannot be written.
    """
    study = open_study(sweep, out, faces.digest)
    if resume:
        go_on(study, out)
    while len(counted(study)) < sweep.plan.trials or _is_queued(study):
        with next_trial(study, out) as trial:
            if _rank(study, trial.number) > sweep.plan.trials:  # other processes were faster
                study.tell(trial, state=TrialState.FAIL)
                break
            on_trial(_run(study, trial, sweep, faces, out, on_epoch))
    return study


def _is_queued(study: Any) -> bool:
    return bool(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _rank(study: Any, number: int) -> int:
    return sum(trial.number <= number for trial in counted(study))


def _run(
    study: Any,
    trial: Any,
    sweep: Sweep,
    faces: FaceSet,
    out: Path,
    on_epoch: Callable[[int, Epoch], object],
) -> Ended:
    """Train one run, and report the result to the study."""
    best = _Best(trial, sweep, on_epoch)
    try:
        values = {key: entry.ask(key, trial) for key, entry in sweep.space.items()}
        trial.set_user_attr(RUN, run_name(trial))
        folder = out / TRIALS / run_name(trial)
        check_no_links((folder, partial(folder)))
        there = folder.exists() or (partial(folder) / RECIPE).exists()
        api.train(
            faces,
            folder,
            sweep.recipe(values),
            existing="resume" if there else "refuse",
            on_epoch=best.add,
        )
        best.read(folder)  # including epochs before a crash
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
        return Ended(trial.number, "pruned", best.value)
    except OutputError:
        raise
    except FerEdgeError as error:
        trial.set_user_attr(REASON, str(error))
        study.tell(trial, state=TrialState.FAIL)
        return Ended(trial.number, "failed", reason=str(error))
    study.tell(trial, best.value)
    return Ended(trial.number, "complete", best.value)


class _Best:
    """Reports each epoch to the study, and stops a trial that is worse than the others."""

    def __init__(self, trial: Any, sweep: Sweep, on_epoch: Callable[[int, Epoch], object]) -> None:
        self._trial, self._on_epoch = trial, on_epoch
        self._monitor = sweep.base.monitor
        self._reported = set[int]()
        self.value: float | None = None

    def add(self, stage: StageName, epoch: Epoch) -> None:
        """Report the next epoch of the run."""
        self._take(epoch)
        self._on_epoch(self._trial.number, epoch)
        if self._trial.should_prune():
            raise optuna.TrialPruned

    def read(self, folder: Path) -> None:
        """Report the epochs of a complete run."""
        for epoch in load_history(folder / HISTORY):
            self._take(epoch)

    def _take(self, epoch: Epoch) -> None:
        is_loss = self._monitor == "loss"
        found = epoch.validation_loss if is_loss else epoch.validation_accuracy
        if epoch.number in self._reported:
            return
        self._reported.add(epoch.number)
        if self.value is None or self._monitor == "last":
            self.value = found
        else:
            self.value = (min if is_loss else max)(self.value, found)
        self._trial.report(found, epoch.number)
