"""Live progress on standard error; plain lines where there is no terminal."""

import sys
from typing import Any

import click

from .backend import keras


class EpochBar(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no stubs
    """A bar for one epoch: batches done, time left, loss and accuracy so far."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self._label = label
        self._bar: Any = None

    def on_train_begin(self, logs: object = None) -> None:
        """Open the bar."""
        stream = sys.stderr
        if stream.isatty():
            self._bar = click.progressbar(
                length=self.params["steps"],
                label=self._label,
                file=stream,
                item_show_func=lambda text: text,
            )
            self._bar.__enter__()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the bar."""
        if self._bar is not None:
            logs = logs or {}
            text = f"loss {logs.get('loss', 0):.3f}  accuracy {logs.get('accuracy', 0):.1%}"
            self._bar.update(1, current_item=text)

    def on_train_end(self, logs: object = None) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
