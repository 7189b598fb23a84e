import dataclasses
from collections.abc import Iterator

import pytest

from fer_edge.errors import RecipeError
from fer_edge.training.recipes.recipe import (
    LIMITS,
    Recipe,
    bundled_recipes,
    format_recipe,
    load_recipe,
    parse_recipe,
)


@pytest.mark.parametrize("name", bundled_recipes())
def test_every_bundled_recipe_survives_writing_and_reading(name):
    recipe = load_recipe(name)
    assert parse_recipe(format_recipe(recipe), where="copy") == recipe


def test_options_replace_the_recipes_keys():
    assert load_recipe("four-block", epochs=3).epochs == 3


def test_an_empty_recipe_is_the_default():
    assert parse_recipe("", where="empty") == Recipe()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch = 3", "did you mean 'epochs'"),
        ("[augmentation]\nrotation = 3", "augmentation.rotation"),
        ('epochs = "three"', "expected int"),
        ("epochs = true", "expected int"),
        ("epochs = 0", "at least 1"),
        ("learning_rate = -1.0", "above 0"),
        ("seed = 4294967296", "'seed' is 4294967296, expected 0 to 4294967295"),
        ("[augmentation]\nmixup = -1.0", "'augmentation.mixup' is -1.0, expected at least 0"),
        ("[optimizer]\nmomentum = 5.0", "'optimizer.momentum' is 5.0, expected at least 0 and"),
        ("[qat]\nlearning_rate = 0.0", "'qat.learning_rate' is 0.0, expected above 0"),
        ('class_weights = "ballanced"', "did you mean 'balanced'"),
        ('[schedule]\nkind = "cosinus"', "cosine"),
        ('architecture = "three-block"', "four-block"),
        ("epochs = ", "recipe under test"),
        ("schedule = 3", "expected a table"),
    ],
)
def test_a_wrong_recipe_is_refused_with_advice(text, words):
    with pytest.raises(RecipeError, match="recipe under test") as caught:
        parse_recipe(text, where="recipe under test")
    assert words in str(caught.value)


def numbers(value: object, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all numbers of a recipe, without its network."""
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        if dataclasses.is_dataclass(inner) and field.name != "network":
            yield from numbers(inner, f"{prefix}{field.name}.")
        elif isinstance(inner, int | float) and not isinstance(inner, bool):
            yield prefix + field.name


def test_every_number_has_limits():
    assert set(numbers(Recipe())) == {key for key, _, _ in LIMITS}


def test_a_missing_recipe_names_the_bundled_ones():
    with pytest.raises(RecipeError, match="four-block"):
        load_recipe("five-block")


def test_an_integer_is_good_for_a_float():
    recipe = parse_recipe("[augmentation]\nrotation_degrees = 10", where="x")
    assert recipe == dataclasses.replace(
        Recipe(), augmentation=dataclasses.replace(Recipe().augmentation, rotation_degrees=10.0)
    )


@pytest.mark.parametrize(
    "path",
    [
        'runs/Anna"s',
        r"C:\runs\new\tab",
        "two\nlines",
        "tab\there",
        "three '''quotes",
        "\u00fcn\u263a",
    ],
)
def test_a_path_survives_the_recipe_file_whatever_it_holds(path):
    recipe = dataclasses.replace(Recipe(), start=path, teachers=(path, "plain"))
    assert parse_recipe(format_recipe(recipe), where="copy") == recipe


def test_a_path_that_is_not_utf8_is_refused_before_training():
    recipe = dataclasses.replace(Recipe(), start="runs/\udcff")
    with pytest.raises(RecipeError, match="expected a name in UTF-8"):
        format_recipe(recipe)
