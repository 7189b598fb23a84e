import pytest

from fer_edge.errors import RecipeError
from fer_edge.training.loop.schedule import Stopping, learning_rate
from fer_edge.training.recipes.recipe import Recipe, Schedule
from fer_edge.training.reporting.history import Epoch


def epochs(losses, accuracies=None):
    accuracies = accuracies or [0.5] * len(losses)
    return [
        Epoch(number, 1e-3, 1.0, 0.4, loss, accuracy, 1.0, top3=0.7, validation_top3=0.8)
        for number, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True), start=1)
    ]


def rate(plan, history):
    return learning_rate(plan, history, start=1.0, epochs=10)


def test_a_plateau_halves_the_rate_after_the_patience_and_starts_anew():
    plan = Schedule("plateau", factor=0.5, patience=2)
    assert rate(plan, []) == 1.0
    assert rate(plan, epochs([3, 2, 2])) == 1.0
    assert rate(plan, epochs([3, 2, 2, 2])) == 0.5
    assert rate(plan, epochs([3, 2, 2, 2, 2])) == 0.5
    assert rate(plan, epochs([3, 2, 2, 2, 2, 2])) == 0.25


def test_a_plateau_stops_at_the_final_rate():
    plan = Schedule("plateau", factor=0.1, patience=1, final=0.05)
    assert rate(plan, epochs([1] * 9)) == 0.05


def test_a_cosine_climbs_then_falls_to_the_final_rate():
    plan = Schedule("cosine", warmup_epochs=2, final=0.01)
    rates = [rate(plan, epochs([1] * done)) for done in range(10)]
    assert rates[0] < rates[1] < rates[2] == 1.0
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 0.01 <= rates[-1] < 0.1


def test_an_exponential_falls_by_its_factor_over_its_epochs_to_the_final_rate():
    plan = Schedule("exponential", factor=0.25, decay_epochs=2, final=0.1)
    rates = [rate(plan, epochs([1] * done)) for done in range(6)]
    assert rates == [1.0, 0.5, 0.25, 0.125, 0.1, 0.1]


@pytest.mark.parametrize("kind", ["cosine", "exponential", "plateau"])
def test_a_rate_below_the_final_one_never_rises(kind):
    plan = Schedule(kind, final=0.01)
    for done in range(10):
        history = epochs([1] * done)
        assert learning_rate(plan, history, start=1e-3, epochs=10) == 1e-3


def test_an_exponential_over_no_epochs_is_refused():
    with pytest.raises(RecipeError, match=r"schedule\.decay_epochs"):
        Recipe(schedule=Schedule("exponential", decay_epochs=0))


def test_a_constant_rate_stays():
    assert rate(Schedule(), epochs([1] * 5)) == 1.0


def test_training_ends_when_patience_is_spent_or_all_epochs_are_done():
    stopping = Stopping(10, patience=2)
    assert not stopping.is_over([])
    assert not stopping.is_over(epochs([1, 1], [0.5, 0.4]))
    assert stopping.is_over(epochs([1, 1, 1], [0.5, 0.4, 0.5]))
    assert Stopping(2).is_over(epochs([1, 1]))
    assert not Stopping(10).is_over(epochs([1] * 9))
    assert Stopping(0).is_over([])


def test_the_best_epoch_is_the_earliest_of_equals():
    assert Stopping(3).best(epochs([1, 1, 1], [0.4, 0.5, 0.5])).number == 2


def test_the_best_epoch_is_that_of_the_lowest_loss_where_the_recipe_says_so():
    history = epochs([1.0, 0.7, 0.9, 0.7], [0.4, 0.5, 0.6, 0.6])
    by_loss, by_accuracy = Stopping(10, "loss", 2), Stopping(10, "accuracy", 2)
    assert by_loss.best(history).number == 2
    assert by_accuracy.best(history).number == 3
    assert Stopping(10, "last").best(history).number == 4
    assert by_loss.is_over(history)
    assert not by_accuracy.is_over(history)
