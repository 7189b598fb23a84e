"""Live progress on standard error; plain lines without a terminal."""

import sys
import threading
import time
from typing import Any

import click

from ..backend.keras3 import keras


def duration(seconds: float) -> str:
    """Format a duration: 40 s, 12 min, 3 h 05 min."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


class EpochBar(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no stubs
    """Progress bar of an epoch: loss and accuracies so far, remaining time of epoch and run.

    Args:
        label: Label of the bar.
        epochs_after: Number of epochs after this one.
        last_epoch_s: Duration of the previous epoch; None for the first.
    """

    async_safe = True  # otherwise JAX and PyTorch wait for the loss of each step
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
                width=0,  # as wide as the terminal allows
                show_eta=False,
                item_show_func=lambda text: text,
            )
            self.bar.__enter__()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Advance the bar."""
        if self.bar is None:
            return
        with self._lock:
            step = batch + 1 - self.bar.pos
            if step > 0:  # calls may arrive out of order
                self.bar.update(step, current_item=self.describe(batch + 1, logs or {}))

    def on_train_end(self, logs: object = None) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.__exit__(None, None, None)

    def describe(self, done: int, logs: dict[str, float]) -> str:
        """Write the text next to the bar after `done` batches."""
        so_far_s = time.monotonic() - self._started
        epoch_s = so_far_s / done * self.params["steps"]
        left_s = max(0.0, epoch_s - so_far_s)
        run_s = left_s + self._epochs_after * (self._last_epoch_s or epoch_s)
        return (
            f"loss {logs.get('loss', 0):.3f}  accuracy {logs.get('accuracy', 0):.1%}  "
            f"top-3 {logs.get('top3', 0):.1%}  {duration(left_s)}, run {duration(run_s)} left"
        )
