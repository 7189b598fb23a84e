"""Replacing the model of a running reader."""

import logging
from collections.abc import Callable
from typing import Protocol

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.inference.model import TFLiteModel

log = logging.getLogger(__name__)


class ReplacesModel(Protocol):
    """A reader with a model that can be replaced between two frames."""

    @property
    def model(self) -> TFLiteModel:
        """The current model."""
        ...

    def replace_model(self, model: TFLiteModel) -> None:
        """Use `model` from the next frame on, and close the old one."""
        ...


def reload_model(reader: ReplacesModel, open_model: Callable[[], TFLiteModel]) -> bool:
    """Open the model again and give it to the reader; a bad file keeps the old model in use.

    Its labels must not change: the header of a CSV file, the page's bars and Home Assistant's list
    were created for them.

    Args:
        reader: Reader whose model is replaced.
        open_model: Function that opens the current file.

    Returns:
        Whether the model was replaced. If not, a warning states the reason.
    """
    fresh = None
    try:
        fresh = open_model()
        if fresh.labels != reader.model.labels:
            raise ModelError(
                f"{fresh.file.path} has the labels {', '.join(fresh.labels)}, expected "
                f"{', '.join(reader.model.labels)}; restart to use other labels"
            )
        fresh.probabilities(np.zeros(fresh.input_shape, np.uint8))  # also run it
        reader.replace_model(fresh)
    except Exception as error:  # whatever exception the file causes, the run continues
        reason = " ".join(str(error).split()) or type(error).__name__
        log.warning("the current model is kept: %s", reason)
        if fresh is not None:
            fresh.close()
        return False
    log.info("the model %s was reloaded", fresh.file.path)
    return True
