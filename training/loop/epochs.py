"""The loop over epochs of both stages: train, score, keep the best, save, report.

Keras's callbacks are not suitable. The quantization-aware stage is tf-keras, which does not accept
callbacks of Keras 3. `ModelCheckpoint` and `BackupAndRestore` save the model that is fitted: it
contains all faces and teachers as weights, has the training precision, and does not yet have the
averaged weights, while the float32 network next to it is scored and kept. `BackupAndRestore` does
not restore the order of faces in an epoch, and `CSVLogger` appends to its file, where a kill can
leave an incomplete line.
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
    """The parts of a stage that the loop uses."""

    @property
    def title(self) -> str:
        """Name of an epoch, for progress and messages."""

    def advice(self, number: int, rate: float) -> str:
        """Return the next step if the loss of epoch `number`, from 1, is not finite."""

    @property
    def network(self) -> Any:
        """The Keras model that is scored and kept, up to date after `fit`."""

    def rate(self, history: Sequence[Epoch]) -> float:
        """Return the learning rate of the next epoch."""

    def fit(self, number: int, rate: float, bar: EpochBar) -> dict[str, float]:
        """Train epoch `number`, from 1; return its loss, accuracy and top3."""

    def keep(self) -> None:
        """Keep the current network as the best so far."""

    def save(self, history: Sequence[Epoch]) -> None:
        """Save the state for resuming."""


def run_epochs(
    stage: Stage,
    stopping: Stopping,
    validation: FaceSet,
    *,
    history: Sequence[Epoch] = (),
    on_epoch: Callable[[Epoch], None],
) -> list[Epoch]:
    """Train epochs until the stage is finished.

    Args:
        stage: Stage to train.
        stopping: When to stop, and which epoch is best.
        validation: Faces to score each epoch on.
        history: Epochs that are already done.
        on_epoch: Called after each epoch, when it is saved.

    Returns:
        All epochs.

    Raises:
        TrainingError: The loss is no longer finite; earlier epochs stay saved.
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
            f"validation {loss}); {stage.advice(number, rate)}"
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
