"""TensorBoard log, read by TensorBoard's own reader."""

import sys

import pytest

from fer_edge.errors import MissingExtraError
from fer_edge.training.reporting.eventlog import EventLog
from fer_edge.training.reporting.history import Epoch


def scalars(folder):
    """Return the scalars of a log folder: {tag: [(step, value), ...]}."""
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="tensorboard is not installed (fer-edge[tensorboard])",
    )
    events = accumulator.EventAccumulator(str(folder)).Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def test_every_epoch_is_read_back(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    log = EventLog(tmp_path)
    log.add("float", Epoch(1, 0.5, 2.0, 0.25, 1.5, 0.375, 9.0, 0.5, 0.625))
    log.add("float", Epoch(2, 0.25, 1.0, 0.5, 1.25, 0.75, 9.0))  # top-3 unknown
    assert scalars(tmp_path / "float" / "train") == {
        "loss": [(1, 2.0), (2, 1.0)],
        "accuracy": [(1, 0.25), (2, 0.5)],
        "top3": [(1, 0.5)],
        "learning_rate": [(1, 0.5), (2, 0.25)],
    }
    assert scalars(tmp_path / "float" / "validation") == {
        "loss": [(1, 1.5), (2, 1.25)],
        "accuracy": [(1, 0.375), (2, 0.75)],
        "top3": [(1, 0.625)],
    }


def test_without_tensorboard_the_error_says_what_to_install(tmp_path, monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "tensorboard":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtraError, match=r"fer-edge\[tensorboard\]"):
        EventLog(tmp_path)
