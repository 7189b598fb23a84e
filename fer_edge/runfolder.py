"""A run folder: the output of training and the input of conversion.

    recipe.toml          everything that determines the run
    run.json             architecture, classes, input size, data, tools (`RunInfo`)
    history.csv          one line per epoch
    model.keras          the float network of the best epoch
    qat.h5               the quantization-aware network, if that stage ran (tf-keras)
    scores.json          scores on the validation faces (`fer_edge.evaluation`)
    curves.png confusion.png samples.png

A run in progress lives in `NAME.partial`, with `begun.json` (its face set) and `state.npz`, and is
moved to `NAME` when it is complete.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from fer_edge.documents import read_json
from fer_edge.errors import TrainingError
from fer_edge.files import whole_file
from fer_edge.model.card import DataInfo
from fer_edge.schema import decode, encode

RECIPE = "recipe.toml"
INFO = "run.json"
HISTORY = "history.csv"
FLOAT_MODEL = "model.keras"
QAT_MODEL = "qat.h5"
SCORES = "scores.json"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """Facts about a run for later stages.

    Attributes:
        architecture: Name of the architecture.
        labels: Classes in output order.
        size_px: Side of the square gray input.
        data: Training data.
        tools: Names and versions of the training tools.
    """

    architecture: str
    labels: tuple[str, ...]
    size_px: int
    data: DataInfo
    tools: tuple[str, ...]


def named(folder: Path) -> Path:
    """Return the path of a run folder so that it ends in a name: `.` and `..` become absolute.

    Raises:
        TrainingError: It is the root folder, which has no name.
    """
    if folder.name not in ("", ".."):
        return folder
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100  # resolve() would follow links
    if not absolute.name:
        raise TrainingError(
            f"{folder} is the root folder, expected a run folder; choose a folder in it"
        )
    return absolute


def partial(folder: Path) -> Path:
    """Return the folder of a run until it is complete.

    Raises:
        TrainingError: As `named`.
    """
    folder = named(folder)
    return folder.with_name(folder.name + ".partial")


def save_info(info: RunInfo, folder: Path) -> None:
    """Write `run.json`."""
    with whole_file(folder / INFO) as temporary:
        temporary.write_text(json.dumps(encode(info), indent=2) + "\n", "utf-8")


def load_info(folder: Path) -> RunInfo:
    """Read `run.json`.

    Raises:
        TrainingError: The folder is not a run folder.
    """
    path = folder / INFO
    try:
        return decode(RunInfo, read_json(path))
    except OSError as error:
        unfinished = partial(folder)
        advice = (
            f"its training is not finished ({unfinished} exists): continue with --resume (in "
            "Python: existing='resume')"
            if unfinished.is_dir()
            else "create one: fer-edge train"
        )
        raise TrainingError(
            f"{folder} is not a run folder: {INFO} cannot be read; {advice}"
        ) from error
    except ValueError as error:  # includes SchemaError
        raise TrainingError(f"{path} is damaged: {error}; train again") from error
