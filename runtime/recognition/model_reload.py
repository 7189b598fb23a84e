"""Another model for a reader at work."""

import logging
from collections.abc import Callable
from typing import Protocol

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.inference.model import TFLiteModel

log = logging.getLogger(__name__)


class ReplacesModel(Protocol):
    """A reader whose model can be exchanged between two frames."""

    @property
    def model(self) -> TFLiteModel:
        """The model in use."""
        ...

    def replace_model(self, model: TFLiteModel) -> None:
        """Use `model` from the next frame on, and close the old one."""
        ...


def reload_model(reader: ReplacesModel, open_model: Callable[[], TFLiteModel]) -> bool:
    """Open the model again and put it into the reader; a bad one leaves the old one at work.

    Its labels must be the old ones: a CSV file's header, the page's bars and Home Assistant's list
    were made for them.

    Args:
        reader: Whose model is exchanged.
        open_model: Opens the file that is to be used now.

    Returns:
        Whether the model was exchanged. If not, one warning says why.
    """
    fresh = None
    try:
        fresh = open_model()
        if fresh.labels != reader.model.labels:
            raise ModelError(
                f"{fresh.file.path} has the labels {', '.join(fresh.labels)}, expected "
                f"{', '.join(reader.model.labels)}; other labels need a restart"
            )
        fresh.probabilities(np.zeros(fresh.input_shape, np.uint8))  # it runs, too
        reader.replace_model(fresh)
    except Exception as error:  # whatever the trial of a file raises, the run goes on
        reason = " ".join(str(error).split()) or type(error).__name__
        log.warning("the model in use stays: %s", reason)
        if fresh is not None:
            fresh.close()
        return False
    log.info("the model %s was loaded again", fresh.file.path)
    return True
