"""The trials of a sweep in a journal file that several processes and machines share."""

import fcntl
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fer_edge.errors import OutputError, RecipeError
from fer_edge.files import cannot_write, whole_file
from fer_edge.require import require
from fer_edge.shown import printable

from ..loop.run_place import check_no_links
from ..recipes.checks import MOST_SEED
from .sweep import Sweep

optuna = require("sweep", "optuna", what="a sweep")
JournalFileBackend = require("sweep", "optuna.storages.journal", what="a sweep").JournalFileBackend
TrialState = optuna.trial.TrialState

JOURNAL, RESOLVED, TRIALS = "journal.log", "resolved.toml", "trials"
CHOOSING = ".choosing.lock"
"""Lock that a process holds while it takes a trial: for the time until the trial's own is held."""

RUN, REASON = "run", "reason"
"""Attributes of a trial: its run folder, and the reason of its failure. A failed trial without a
reason was left by a crash, or came too late, and does not count."""

_RUN_NAME = re.compile("[0-9]{4,10}")


def open_study(sweep: Sweep, out: Path, data_digest: str) -> Any:
    """Open or create the study of a sweep.

    Args:
        sweep: The sweep.
        out: Folder of the sweep.
        data_digest: Digest of the face set.

    Raises:
        RecipeError: The folder contains a different sweep, or one on other faces.
        OutputError: It cannot be written, or something in it is a link.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    check_no_links(out / name for name in (RESOLVED, JOURNAL, TRIALS))
    _check_same(out, sweep.text)
    try:
        (out / TRIALS).mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(out / JOURNAL)))
        study = optuna.create_study(
            study_name="sweep",
            storage=storage,
            load_if_exists=True,
            direction="minimize" if sweep.base.monitor == "loss" else "maximize",
            pruner=_pruner(sweep),
        )
    except OSError as error:
        raise cannot_write(out, error) from error
    known = study.user_attrs.get("data")
    if known not in (None, data_digest):
        raise RecipeError(
            f"{out} is a sweep on a different face set (digest {known}, now {data_digest}); "
            "choose another --out"
        )
    study.set_user_attr("data", data_digest)
    study.sampler = _sampler(sweep, len(study.get_trials(deepcopy=False)))
    return study


def counted(study: Any) -> list[Any]:
    """Return the trials that count."""
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state != TrialState.FAIL or REASON in trial.user_attrs
    ]


def run_name(trial: Any) -> str:
    """Return the name of a trial's run folder in `TRIALS`: by its attribute, or by its number.

    Raises:
        OutputError: The journal, which may come from others, has another name than fer-edge writes.
    """
    name = trial.user_attrs.get(RUN, f"{trial.number:04}")
    if not (isinstance(name, str) and _RUN_NAME.fullmatch(name)):
        raise OutputError(
            f"{JOURNAL} names {printable(name)!r} as the run of trial {trial.number}, expected a "
            "number of at least four digits; it is damaged or malicious: choose another --out"
        )
    return name


@contextmanager
def next_trial(study: Any, out: Path) -> Iterator[Any]:
    """Ask for a trial, and hold its lock: others see that a process works on it.

    Raises:
        OutputError: A lock cannot be written.
    """
    with ExitStack() as held:
        with _locked(out / CHOOSING):  # nobody may see the trial before its own lock is held
            trial = study.ask()
            path = _lock_path(out, trial.number)
            held.enter_context(_locked(path))
        try:
            yield trial
        finally:
            path.unlink(missing_ok=True)


def abandoned(study: Any, out: Path) -> list[Any]:
    """Return the trials that the journal lists as running, but no process works on.

    Raises:
        OutputError: A lock cannot be read or written.
    """
    with _locked(out / CHOOSING):
        return _abandoned(study, out)


def go_on(study: Any, out: Path) -> None:
    """Queue the abandoned trials again, with their values and run folders.

    Several processes may call this: the first one queues a trial.

    Raises:
        OutputError: A lock cannot be read or written, or the journal is damaged.
    """
    with _locked(out / CHOOSING):
        for trial in _abandoned(study, out):
            study.tell(trial.number, state=TrialState.FAIL)
            if trial.params:
                study.enqueue_trial(trial.params, user_attrs={RUN: run_name(trial)})


def _abandoned(study: Any, out: Path) -> list[Any]:
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in running if not _is_held(_lock_path(out, trial.number))]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file; the kernel releases it when the process ends."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise cannot_write(path, error) from error
        yield
    finally:
        os.close(handle)


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _lock_path(out: Path, number: int) -> Path:
    return out / TRIALS / f".{number:04}.lock"


def _check_same(out: Path, text: str) -> None:
    path = out / RESOLVED
    if path.exists():
        if path.read_text("utf-8") != text:
            raise RecipeError(
                f"{out} contains a different sweep ({path} differs); choose another --out, or "
                "continue that sweep: only 'trials' may change"
            )
        return
    if out.exists() and any(out.iterdir()):
        raise OutputError(f"{out} already exists and is not a sweep; choose another --out")
    with whole_file(path) as temporary:
        temporary.write_text(text, "utf-8")


def _pruner(sweep: Sweep) -> Any:
    pruning = sweep.plan.pruning
    if not pruning.enabled:
        return optuna.pruners.NopPruner()
    # epochs count from 1, and Optuna never prunes at a step below `n_warmup_steps`
    return optuna.pruners.MedianPruner(
        n_startup_trials=pruning.startup_trials, n_warmup_steps=pruning.warmup_epochs + 1
    )


def _sampler(sweep: Sweep, joined_after: int) -> Any:
    with warnings.catch_warnings():  # constant_liar is called experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # two processes that join at different times must not draw the same values
        seed = (sweep.plan.seed + joined_after) % (MOST_SEED + 1)
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True, n_startup_trials=5)
