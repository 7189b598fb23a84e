import math

import pytest

from fer_edge.errors import TrainingError
from fer_edge.training.reporting.history import Epoch, load_history, save_history


def test_history_survives_writing_and_reading(tmp_path):
    history = [
        Epoch(1, 1e-3, 1.0, 0.4, 1.25, 0.5, 1.0, top3=0.7, validation_top3=0.8),
        Epoch(2, 5e-4, 0.5, 0.6, 0.5, 0.75, 1.5, top3=0.8, validation_top3=0.9),
    ]
    save_history(history, tmp_path / "history.csv")
    assert load_history(tmp_path / "history.csv") == history


def test_a_history_from_before_top3_was_measured_is_read(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text(
        "number,learning_rate,loss,accuracy,validation_loss,validation_accuracy,seconds\n"
        "1,0.001,1.9,0.2,1.8,0.3,4.5\n"
    )
    (epoch,) = load_history(path)
    assert (epoch.number, epoch.validation_accuracy, epoch.seconds) == (1, 0.3, 4.5)
    assert math.isnan(epoch.top3) and math.isnan(epoch.validation_top3)


@pytest.mark.parametrize("text", ["", "number,loss\n1,x\n", "a,b\n1,2\n"])
def test_a_damaged_history_is_refused_or_empty(tmp_path, text):
    path = tmp_path / "history.csv"
    path.write_text(text)
    if text:
        with pytest.raises(TrainingError, match="cannot be read"):
            load_history(path)
    else:
        assert load_history(path) == []
