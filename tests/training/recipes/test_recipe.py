import dataclasses
from collections.abc import Iterator

import pytest

from fer_edge.errors import RecipeError
from fer_edge.training.architectures import FourBlock, find_architecture
from fer_edge.training.recipes.checks import LIMITS
from fer_edge.training.recipes.recipe import (
    Augmentation,
    Optimizer,
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
        ("network = 3", "network is int 3, expected a table"),
        ("[network]\nfilters = [8, 9000000000000000000]", "expected at most 10000"),
        ('architecture = "tiny"\n[network]\nblocks = [1, 101, 1]', "'network.blocks' is 101"),
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


@pytest.mark.parametrize("change", [{"start": "a\0b"}, {"teachers": ("tiny", "a\0b")}])
def test_a_path_with_a_zero_byte_is_refused(change):
    with pytest.raises(RecipeError, match="zero byte"):
        load_recipe("four-block", **change)


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


@pytest.mark.parametrize("name", ["teacher-wide", "compact", "four-block", "resnet50"])
def test_another_architecture_has_its_own_defaults(name):
    changed = load_recipe(name, architecture="mini-xception")
    assert changed.network == find_architecture("mini-xception")()
    assert changed.epochs == load_recipe(name).epochs
    assert load_recipe(load_recipe(name), architecture="mini-xception") == changed


def test_the_same_architecture_keeps_the_recipes_network():
    wide = load_recipe("teacher-wide")
    assert load_recipe("teacher-wide", architecture=wide.architecture) == wide


def test_a_recipe_in_python_gets_the_network_of_its_architecture():
    tiny = find_architecture("tiny")
    assert Recipe(architecture="tiny").network == tiny()
    assert Recipe(architecture="tiny", network=tiny(stem=8)).network == tiny(stem=8)
    with pytest.raises(RecipeError, match="'network' is FourBlock, expected Tiny"):
        Recipe(architecture="tiny", network=FourBlock())
    with pytest.raises(RecipeError, match="'network' is Tiny, expected FourBlock"):
        Recipe(network=tiny())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": "3"}, "'epochs' is str '3', expected int"),
        ({"epochs": 3.5}, "'epochs' is float 3.5, expected int"),
        ({"epochs": None}, "'epochs' is NoneType None, expected int"),
        ({"learning_rate": "fast"}, "'learning_rate' is str 'fast', expected float"),
        ({"precision": "bfloat"}, "did you mean 'bfloat16'"),
        ({"teachers": "compact"}, "'teachers' is str 'compact', expected a list"),
        ({"architecture": 3}, "'architecture' is int 3, expected str"),
        ({"architecture": "tinny"}, "did you mean 'tiny'"),
        ({"optimizer": {"kind": "sgd"}}, "'optimizer' is dict, expected Optimizer"),
        ({"optimizer": Optimizer(momentum="much")}, "'optimizer.momentum' is str 'much'"),
        ({"augmentation": Optimizer()}, "'augmentation' is Optimizer, expected Augmentation"),
        ({"network": FourBlock(filters="many")}, "'network.filters' is str 'many'"),
        ({"network": {"filters": [4]}}, "'network' is dict, expected FourBlock"),
    ],
)
def test_a_value_of_another_type_is_refused_in_python_too(settings, words):
    with pytest.raises(RecipeError) as caught:
        Recipe(**settings)
    assert words in str(caught.value)


def test_a_recipe_in_python_equals_the_same_one_as_toml():
    written = Recipe(
        learning_rate=1,
        teachers=["compact"],
        loss=dataclasses.replace(Recipe().loss, teacher_views="clean"),
        augmentation=Augmentation(rotation_degrees=10),
        network=FourBlock(filters=[4, 8]),
    )
    assert parse_recipe(format_recipe(written), where="copy") == written
    assert hash(written) == hash(dataclasses.replace(written))


def test_a_file_that_is_too_large_is_refused(tmp_path):
    path = tmp_path / "large.toml"
    path.write_text("#" * 2**21)
    with pytest.raises(RecipeError, match="larger than 1,048,576 bytes"):
        load_recipe(path)
