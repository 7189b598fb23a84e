"""A TensorBoard log of a run: scalars of each epoch, without TensorFlow.

The package `tensorboard` alone contains the event format. Training and validation are separate runs
of TensorBoard, so that it draws them in one chart.
"""

import io
import math
import os
import time
from pathlib import Path
from typing import Any

from fer_edge.require import require

from .history import Epoch, StageName

FORMAT = "brain.Event:2"


class EventLog:
    """Event files below `folder`: STAGE/train and STAGE/validation.

    A resumed run adds more files, which TensorBoard joins.

    Args:
        folder: Folder for `tensorboard --logdir`.

    Raises:
        MissingExtraError: The package `tensorboard` is not installed.
    """

    def __init__(self, folder: Path) -> None:
        extra, what = "tensorboard", "--tensorboard"
        events = require(extra, "tensorboard.compat.proto.event_pb2", what=what)
        writers = require(extra, "tensorboard.summary.writer.record_writer", what=what)
        self._folder = folder
        self._event, self._writer = events.Event, writers.RecordWriter
        self._name = f"events.out.tfevents.{time.time():.0f}.{os.getpid()}"

    def add(self, stage: StageName, epoch: Epoch) -> None:
        """Write an epoch's scalars: loss, accuracy, top-3 accuracy, and the learning rate.

        Raises:
            OSError: The file cannot be written.
        """
        train = {"loss": epoch.loss, "accuracy": epoch.accuracy, "top3": epoch.top3}
        train["learning_rate"] = epoch.learning_rate
        validation = {
            "loss": epoch.validation_loss,
            "accuracy": epoch.validation_accuracy,
            "top3": epoch.validation_top3,
        }
        self._append(self._folder / stage / "train", epoch.number, train)
        self._append(self._folder / stage / "validation", epoch.number, validation)

    def _append(self, folder: Path, step: int, scalars: dict[str, float]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self._name
        events = [] if path.exists() else [self._event(wall_time=time.time(), file_version=FORMAT)]
        event: Any = self._event(wall_time=time.time(), step=step)
        for tag, value in scalars.items():
            if not math.isnan(value):
                event.summary.value.add(tag=tag, simple_value=value)
        records = io.BytesIO()
        for written in (*events, event):
            self._writer(records).write(written.SerializeToString())
        with path.open("ab") as file:  # in one piece: a kill leaves complete records
            file.write(records.getvalue())
