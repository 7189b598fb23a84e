import dataclasses
import math

import pytest

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.training.recipe import Recipe, Schedule
from fer_edge.training.schedule import (
    Epoch,
    best_epoch,
    is_finished,
    learning_rate,
    load_history,
    save_history,
)


def epochs(losses, accuracies=None):
    accuracies = accuracies or [0.5] * len(losses)
    return [
        Epoch(number, 1e-3, 1.0, 0.4, loss, accuracy, 1.0, top3=0.7, validation_top3=0.8)
        for number, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), start=1)
    ]


def recipe(**changes):
    return dataclasses.replace(Recipe(epochs=10, learning_rate=1.0), **changes)


def test_a_plateau_halves_the_rate_after_the_patience_and_starts_anew():
    plan = recipe(schedule=Schedule("plateau", factor=0.5, patience=2))
    assert learning_rate(plan, []) == 1.0
    assert learning_rate(plan, epochs([3, 2, 2])) == 1.0
    assert learning_rate(plan, epochs([3, 2, 2, 2])) == 0.5
    assert learning_rate(plan, epochs([3, 2, 2, 2, 2])) == 0.5
    assert learning_rate(plan, epochs([3, 2, 2, 2, 2, 2])) == 0.25


def test_a_plateau_stops_at_the_final_rate():
    plan = recipe(schedule=Schedule("plateau", factor=0.1, patience=1, final=0.05))
    assert learning_rate(plan, epochs([1] * 9)) == 0.05


def test_a_cosine_climbs_then_falls_to_the_final_rate():
    plan = recipe(schedule=Schedule("cosine", warmup_epochs=2, final=0.01))
    rates = [learning_rate(plan, epochs([1] * done)) for done in range(10)]
    assert rates[0] < rates[1] < rates[2] == 1.0
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 0.01 <= rates[-1] < 0.1


def test_an_exponential_falls_by_its_factor_over_its_epochs_to_the_final_rate():
    plan = recipe(schedule=Schedule("exponential", factor=0.25, decay_epochs=2, final=0.1))
    rates = [learning_rate(plan, epochs([1] * done)) for done in range(6)]
    assert rates == [1.0, 0.5, 0.25, 0.125, 0.1, 0.1]


def test_an_exponential_over_no_epochs_is_refused():
    with pytest.raises(RecipeError, match=r"schedule\.decay_epochs"):
        recipe(schedule=Schedule("exponential", decay_epochs=0))


def test_a_constant_rate_stays():
    assert learning_rate(recipe(), epochs([1] * 5)) == 1.0


def test_training_ends_when_patience_is_spent_or_all_epochs_are_done():
    plan = recipe(early_stopping_patience=2)
    assert not is_finished(plan, [])
    assert not is_finished(plan, epochs([1, 1], [0.5, 0.4]))
    assert is_finished(plan, epochs([1, 1, 1], [0.5, 0.4, 0.5]))
    assert is_finished(recipe(epochs=2), epochs([1, 1]))
    assert not is_finished(recipe(early_stopping_patience=0), epochs([1] * 9))


def test_the_best_epoch_is_the_earliest_of_equals():
    assert best_epoch(epochs([1, 1, 1], [0.4, 0.5, 0.5])).number == 2


def test_history_survives_writing_and_reading(tmp_path):
    history = epochs([1.25, 0.5])
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


def test_the_best_epoch_is_that_of_the_lowest_loss_where_the_recipe_says_so():
    history = epochs([1.0, 0.7, 0.9, 0.7], [0.4, 0.5, 0.6, 0.6])
    assert best_epoch(history, "loss").number == 2
    assert best_epoch(history, "accuracy").number == 3
    assert is_finished(recipe(monitor="loss", early_stopping_patience=2), history)
    assert not is_finished(recipe(monitor="accuracy", early_stopping_patience=2), history)
