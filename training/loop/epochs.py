"""The loop of epochs that both stages run: train, score, keep the best, save, report.

Keras' own callbacks do not fit. The quantization-aware stage is tf-keras, which takes no callback
of Keras 3. `ModelCheckpoint` and `BackupAndRestore` save the model that is fitted: the one with all
faces and teachers among its weights, in the precision that it learns in and before its averages
are handed over, while what is scored and kept is the float32 network beside it. `BackupAndRestore`
restores no epoch's order of faces, and `CSVLogger` appends to its file, which a kill can leave half
a line in.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from fer_edge.errors import TrainingError
from fer_edge.faces.faceset import FaceSet
from fer_edge.scoring.scores import score

from ..backend.validation import cross_entropy, predict, top_share
from ..reporting.history import Epoch
from ..reporting.progress import EpochBar
from .schedule import Stopping


class Stage(Protocol):
    """What the loop does not know of a stage."""

    @property
    def title(self) -> str:
        """What an epoch is called, for progress and messages."""

    @property
    def advice(self) -> str:
        """What to do where the loss is no longer finite."""

    @property
    def network(self) -> Any:
        """The Keras model that is scored and kept, up to date after `fit`."""

    def rate(self, history: Sequence[Epoch]) -> float:
        """Return the learning rate of the epoch that follows."""

    def fit(self, number: int, rate: float, bar: EpochBar) -> dict[str, float]:
        """Train epoch `number`, counted from 1; return its loss, accuracy and top3."""

    def keep(self) -> None:
        """Keep the network as it is now: the best so far."""

    def save(self, history: Sequence[Epoch]) -> None:
        """Save what a resumed run goes on from."""


def run_epochs(
    stage: Stage,
    stopping: Stopping,
    validation: FaceSet,
    *,
    history: Sequence[Epoch] = (),
    on_epoch: Callable[[Epoch], None],
) -> list[Epoch]:
    """Train epoch after epoch until the stage is over.

    Args:
        stage: What trains.
        stopping: When it is over, and which epoch is best.
        validation: Faces that each epoch is scored by.
        history: Epochs that were done before.
        on_epoch: Called after each epoch, when all of it is saved.

    Returns:
        All epochs.

    Raises:
        TrainingError: The loss is no longer finite; what was saved before stays.
    """
    done = list(history)
    while not stopping.is_over(done):
        number = len(done) + 1
        bar = EpochBar(
            f"{stage.title} {number}/{stopping.epochs}",
            epochs_after=stopping.epochs - number,
            last_epoch_s=done[-1].seconds if done else None,
        )
        epoch = _run_epoch(stage, number, stage.rate(done), validation, bar)
        done.append(epoch)
        if stopping.best(done) is epoch:
            stage.keep()
        stage.save(done)
        on_epoch(epoch)
    return done


def _run_epoch(stage: Stage, number: int, rate: float, validation: FaceSet, bar: EpochBar) -> Epoch:
    started = time.monotonic()
    fitted = stage.fit(number, rate, bar)
    probabilities = predict(stage.network, validation.images)
    loss = cross_entropy(probabilities, validation.labels)
    if not np.isfinite([fitted["loss"], loss]).all():
        raise TrainingError(
            f"the loss of {stage.title} {number} is not finite (training {fitted['loss']}, "
            f"validation {loss}); {stage.advice} (now {rate:g}) and train again"
        )
    return Epoch(
        number=number,
        learning_rate=rate,
        loss=fitted["loss"],
        accuracy=fitted["accuracy"],
        validation_loss=loss,
        validation_accuracy=score(probabilities, validation.labels).accuracy,
        seconds=time.monotonic() - started,
        top3=fitted["top3"],
        validation_top3=top_share(probabilities, validation.labels),
    )
