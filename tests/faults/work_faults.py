"""Signals at random moments of commands that write files: train, convert, archive."""

import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fer_edge import runfolder
from fer_edge.errors import FerEdgeError
from fer_edge.faces.faceset import save_faceset
from fer_edge.model.file import read_model
from tests.faults.fault import Fault, LackingError
from tests.faults.program import Outcome, Started
from tests.support.archives import digest_of, make_archive
from tests.support.cartoons import make_faces
from tests.support.quick_recipe import QUICK_RECIPE

_LONGEST_S = 900.0
_ENDS = (0, 1, 130, 143, -signal.SIGTERM, -signal.SIGINT)
"""Exit codes after SIGTERM or SIGINT, also before Python has set its signal handlers."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Data that all trials of a command share.

    Attributes:
        folder: Folder with the input and the undisturbed output.
        command: Arguments of `fer-edge`, without `--out`.
        whole_s: Duration of an undisturbed command, in seconds.
        expected: Digest of the undisturbed output; empty if it is not compared.
    """

    folder: Path
    command: tuple[object, ...]
    whole_s: float
    expected: str = ""


def _run(folder: Path, *words: object) -> float:
    started_s = time.monotonic()
    outcome = Started(words, folder).wait(_LONGEST_S)
    if outcome.code != 0:
        raise LackingError(f"{words[0]} does not work: {outcome.errors[-500:]}")
    return time.monotonic() - started_s


def _interrupted(
    chance: random.Random, folder: Path, shop: Workshop, *words: object
) -> tuple[Outcome, int]:
    """Start a command and send a signal at a random moment; return its end and the signal."""
    program = Started([*shop.command, *words], folder)
    time.sleep(chance.uniform(0.0, shop.whole_s))
    number = chance.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    program.send(number)
    return program.wait(_LONGEST_S), number


def _ends_badly(outcome: Outcome, number: int) -> list[str]:
    codes = (0, -signal.SIGKILL) if number == signal.SIGKILL else _ENDS
    faults = [] if outcome.code in codes else [f"exit code {outcome.code} after signal {number}"]
    if "Traceback" in outcome.errors and "fer_edge.cli" in outcome.errors:
        faults.append(f"a traceback: {outcome.errors[-300:]!r}")
    return faults


@contextmanager
def _training() -> Iterator[Workshop]:
    if not find_spec("keras"):
        raise LackingError("Keras (fer-edge[train])")
    with tempfile.TemporaryDirectory(prefix="fer-edge-fault-") as name:
        folder = Path(name)
        data, recipe = folder / "faces.npz", folder / "quick.toml"
        save_faceset(make_faces(per_class=24, validation_per_class=4), data)
        recipe.write_text(QUICK_RECIPE, "utf-8")
        command = ("train", "--data", data, "--recipe", recipe, "--epochs", 3)
        seconds = _run(folder, *command, "--out", folder / "whole")
        yield Workshop(folder, command, seconds)


def train(chance: random.Random, folder: Path, shop: Workshop) -> list[str]:
    """End a training: a complete run or none must be left, and `--resume` must complete it."""
    out = folder / "run"
    outcome, number = _interrupted(chance, folder, shop, "--out", out)
    faults = _ends_badly(outcome, number)
    if out.exists():
        return faults + _not_a_run(out)
    resume = ["--resume"] if runfolder.partial(out).exists() else []
    again = Started([*shop.command, "--out", out, *resume], folder).wait(_LONGEST_S)
    faults += [] if again.code == 0 else [f"exit code {again.code}: {again.errors[-300:]!r}"]
    return faults + _not_a_run(out)


def _not_a_run(out: Path) -> list[str]:
    try:
        runfolder.load_info(out)
    except FerEdgeError as error:
        return [str(error)]
    lacking = [name for name in ("model.keras", "scores.json") if not (out / name).exists()]
    return [f"{out.name} lacks {name}" for name in lacking]


@contextmanager
def _conversion() -> Iterator[Workshop]:
    with _training() as trained:
        folder = trained.folder
        command = ("convert", folder / "whole", "--int8", "--float32", "--overwrite")
        command = (*command, "--data", folder / "faces.npz", "--max-drop", 1)
        seconds = _run(folder, *command, "--out", folder / "models")
        yield Workshop(folder, command, seconds)


def convert(chance: random.Random, folder: Path, shop: Workshop) -> list[str]:
    """End a conversion that replaces files: each must be the complete old or new file."""
    out = folder / "models"
    shutil.copytree(shop.folder / "models", out)
    names = {path.name for path in out.iterdir()}
    outcome, number = _interrupted(chance, folder, shop, "--out", out)
    faults = _ends_badly(outcome, number)
    for path in out.glob("*.tflite"):
        try:
            read_model(path)
        except FerEdgeError as error:
            faults.append(f"{path.name}: {error}")
    found = {path.name for path in out.iterdir()}
    if number != signal.SIGKILL and found - names:
        faults.append(f"{sorted(found - names)} were left")
    return faults + [f"{name} is gone" for name in names - found]


@contextmanager
def _archive() -> Iterator[Workshop]:
    if not find_spec("pyarrow"):
        raise LackingError("pyarrow (fer-edge[archive])")
    with tempfile.TemporaryDirectory(prefix="fer-edge-fault-") as name:
        folder = Path(name)
        make_archive(folder / "videos", clips=8)
        command = ("archive", folder / "videos", "--workers", 2)
        seconds = _run(folder, *command, "--out", folder / "whole")
        yield Workshop(folder, command, seconds, digest_of(folder / "whole"))


def archive(chance: random.Random, folder: Path, shop: Workshop) -> list[str]:
    """End an archive command twice: the third call must give the rows of an undisturbed one."""
    out, faults = folder / "results", list[str]()
    for _ in range(2):
        outcome, number = _interrupted(chance, folder, shop, "--out", out)
        faults += _ends_badly(outcome, number)
    last = Started([*shop.command, "--out", out], folder).wait(_LONGEST_S)
    faults += [] if last.code == 0 else [f"exit code {last.code}: {last.errors[-300:]!r}"]
    faults += [] if digest_of(out) == shop.expected else ["the rows differ"]
    left = list((out / ".writing").iterdir())
    return faults + [f"{path.name} was left" for path in left]


WORK_FAULTS = (
    Fault("train ended", "a whole run or none; resumed, it is whole", train, 16, _training),
    Fault("convert ended", "each file is the old or the new one, whole", convert, 16, _conversion),
    Fault("archive ended", "called again, the same rows as undisturbed", archive, 30, _archive),
)
