"""Where a run starts that goes on from another one's weights: fine-tuning."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.errors import TrainingError
from fer_edge.runfolder import FLOAT_MODEL, load_info
from fer_edge.votes import ferplus_column

from .backend import keras

log = logging.getLogger(__name__)


def start_from(run: Path, network: Any, class_names: tuple[str, ...]) -> None:
    """Give a network the float weights of a run.

    Classes may differ: those that the run knows, also by FER+'s name for FER2013's (`happiness`
    for `happy`), keep their part of the last layer; the others' starts anew.

    Args:
        run: A finished run.
        network: A Keras model whose last weights are kernel (..., classes) and bias (classes).
        class_names: What its outputs stand for.

    Raises:
        TrainingError: It is no run folder, or its weights do not fit.
    """
    known = load_info(run).labels
    weights = keras.models.load_model(run / FLOAT_MODEL, compile=False).get_weights()
    if known != class_names:
        places = {_meaning(name): place for place, name in enumerate(known)}
        kept = [places.get(_meaning(name)) for name in class_names]
        new = [name for name, place in zip(class_names, kept, strict=True) if place is None]
        log.info("classes that %s does not know: %s", run, ", ".join(new) or "none")
        for at, fresh in zip((-2, -1), network.get_weights()[-2:], strict=True):
            columns = [
                fresh[..., own] if place is None else weights[at][..., place]
                for own, place in enumerate(kept)
            ]
            weights[at] = np.stack(columns, axis=-1)
    try:
        network.set_weights(weights)
    except ValueError as error:
        raise TrainingError(
            f"the weights of {run} do not fit this architecture: {error}; "
            "start from a run of the same one, with the same [network] sizes"
        ) from error


def _meaning(name: str) -> int | str:
    column = ferplus_column(name)
    return name.lower() if column is None else column
