"""Complete state of a float stage in one file, so that a run can continue after any epoch."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.archives import check_archive_file
from fer_edge.errors import TrainingError
from fer_edge.files import whole_file

from ..backend.keras3 import keras
from ..reporting.history import Epoch

log = logging.getLogger(__name__)


def save_state(variables: Sequence[Any], history: Sequence[Epoch], path: Path) -> None:
    """Write variables and history into one file, so that a kill cannot separate them."""
    arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
    rows = np.array([dataclasses.astuple(epoch) for epoch in history])
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, *arrays, history=rows)


def load_state(variables: Sequence[Any], path: Path) -> list[Epoch]:
    """Restore the variables from `save_state`, and return the history.

    Raises:
        TrainingError: The file is damaged, or belongs to other variables.
    """
    try:
        check_archive_file(path)
        with np.load(path, allow_pickle=False) as arrays:
            history = [Epoch(int(number), *rest) for number, *rest in arrays["history"].tolist()]
            if len(arrays) != len(variables) + 1:
                raise ValueError(f"{len(arrays) - 1} variables, expected {len(variables)}")
            for i, variable in enumerate(variables):
                variable.assign(arrays[f"arr_{i}"])
    except (
        Exception
    ) as error:  # NumPy raises many types of exceptions for a damaged header, Keras for shapes
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise TrainingError(
            f"{path} does not fit this recipe: {reason}; train again without --resume"
        ) from error
    log.info("continuing after epoch %d", len(history))
    return history
