"""Live progress on standard error; plain lines where there is no terminal."""

import sys
import threading
import time
from typing import Any

import click

from ..backend.keras3 import keras


def duration(seconds: float) -> str:
    """Write a time for a person: 40 s, 12 min, 3 h 05 min."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


class EpochBar(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no stubs
    """A bar for one epoch: loss and accuracies so far, time left of the epoch and of the run.

    Args:
        label: What the bar is of.
        epochs_after: Epochs that follow this one.
        last_epoch_s: How long the epoch before took; None for the first.
    """

    async_safe = True  # else JAX and PyTorch wait for each step's loss before the next step
    bar: Any = None

    def __init__(self, label: str, *, epochs_after: int, last_epoch_s: float | None) -> None:
        super().__init__()
        self._label = label
        self._epochs_after = epochs_after
        self._last_epoch_s = last_epoch_s
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def on_train_begin(self, logs: object = None) -> None:
        """Open the bar."""
        self._started = time.monotonic()
        if sys.stderr.isatty():
            self.bar = click.progressbar(
                length=self.params["steps"],
                label=self._label,
                file=sys.stderr,
                width=0,  # as wide as the terminal leaves it
                show_eta=False,
                item_show_func=lambda text: text,
            )
            self.bar.__enter__()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar."""
        if self.bar is None:
            return
        with self._lock:
            step = batch + 1 - self.bar.pos
            if step > 0:  # calls may overtake each other
                self.bar.update(step, current_item=self.describe(batch + 1, logs or {}))

    def on_train_end(self, logs: object = None) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.__exit__(None, None, None)

    def describe(self, done: int, logs: dict[str, float]) -> str:
        """Write what stands beside the bar after `done` batches."""
        so_far_s = time.monotonic() - self._started
        epoch_s = so_far_s / done * self.params["steps"]
        left_s = max(0.0, epoch_s - so_far_s)
        run_s = left_s + self._epochs_after * (self._last_epoch_s or epoch_s)
        return (
            f"loss {logs.get('loss', 0):.3f}  accuracy {logs.get('accuracy', 0):.1%}  "
            f"top-3 {logs.get('top3', 0):.1%}  {duration(left_s)}, run {duration(run_s)} left"
        )
