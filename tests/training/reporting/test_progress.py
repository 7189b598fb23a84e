"""Progress bar of an epoch, with the remaining time."""

import io
import sys

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.training.reporting.progress import EpochBar, duration

pytestmark = pytest.mark.train


class Terminal(io.StringIO):
    def isatty(self):
        return True


def drive(stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    bar = EpochBar("epoch 2/3", epochs_after=1, last_epoch_s=600.0)
    bar.set_params({"steps": 40})
    bar.on_train_begin()
    for last in (15, 31, 23, 39):  # several steps per call, and one call out of order
        bar.on_train_batch_end(last, {"loss": 1.25, "accuracy": 0.5, "top3": 0.75})
    bar.on_train_end()
    return stream.getvalue()


def test_a_terminal_shows_losses_and_the_time_left_of_the_whole_run(monkeypatch):
    text = drive(Terminal(), monkeypatch)
    assert "epoch 2/3" in text
    assert "100%" in text
    assert "loss 1.250  accuracy 50.0%  top-3 75.0%  0 s, run 10 min left" in text


def test_without_a_terminal_no_bar_is_drawn(monkeypatch):
    assert drive(io.StringIO(), monkeypatch) == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (150, "2 min"), (7500, "2 h 05 min")]
)
def test_times_are_written_for_people(seconds, text):
    assert duration(seconds) == text
