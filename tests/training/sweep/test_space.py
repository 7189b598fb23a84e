from pathlib import Path

import pytest

from fer_edge.errors import RecipeError
from fer_edge.training.sweep.space import Choice, Range
from fer_edge.training.sweep.sweep import load_sweep


def write(folder: Path, text: str) -> Path:
    path = folder / "sweep.toml"
    path.write_text(text, "utf-8")
    return path


def test_ranges_and_lists_of_keys_in_tables_and_dotted_are_read(tmp_path: Path) -> None:
    sweep = load_sweep(
        write(
            tmp_path,
            """
            trials = 7
            [search]
            learning_rate = {low = 1e-4, high = 1e-2, log = true}
            batch_size = {low = 16, high = 64, step = 16}
            optimizer.kind = ["adam", "sgd"]
            [search.network]
            filters = [[4, 4, 8, 8], [8, 8, 16, 16]]
            """,
        )
    )
    assert sweep.plan.trials == 7
    assert sweep.space == {
        "learning_rate": Range(1e-4, 1e-2, log=True),
        "batch_size": Range(16, 64, step=16),
        "optimizer.kind": Choice(("adam", "sgd")),
        "network.filters": Choice(([4, 4, 8, 8], [8, 8, 16, 16])),
    }
    recipe = sweep.recipe({"network.filters": [4, 4, 8, 8], "optimizer.kind": "sgd"})
    assert (recipe.network.filters, recipe.optimizer.kind) == ((4, 4, 8, 8), "sgd")


def test_a_fraction_as_step_between_whole_numbers_gives_fractions() -> None:
    optuna = pytest.importorskip("optuna", reason="Optuna is not installed (fer-edge[sweep])")
    trial = optuna.trial.FixedTrial({"shift": 0.25})
    assert Range(0, 1, step=0.25).ask("shift", trial) == 0.25


def test_a_range_may_have_two_values_whatever_the_rounding(tmp_path: Path) -> None:
    range_ = "{low = 0.1, high = 0.3, step = 0.2}"  # 0.1 + 0.2 is above 0.3
    load_sweep(write(tmp_path, f"[search]\noptimizer.sharpness = {range_}\n"))


def test_another_architecture_starts_from_its_own_options(tmp_path: Path) -> None:
    text = '[search]\narchitecture = ["four-block", "mini-xception"]\n'
    sweep = load_sweep(write(tmp_path, text))
    assert sweep.recipe({"architecture": "mini-xception"}).architecture == "mini-xception"


def test_faces_are_imported_for_the_largest_network_of_a_sweep(tmp_path: Path) -> None:
    assert load_sweep(write(tmp_path, "[search]\nepochs = [1, 2]\n")).size_px == 48
    assert load_sweep(write(tmp_path, "[search]\nsize_px = [32, 96, 64]\n")).size_px == 96


def test_the_recipe_may_be_a_file_beside(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("epochs = 3\n", "utf-8")
    sweep = load_sweep(write(tmp_path, 'recipe = "mine.toml"\n[search]\nbatch_size = [8, 16]\n'))
    assert sweep.base.epochs == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "[search] is empty"),
        ("trial = 3\n[search]\nbatch_size = [8, 16]", "did you mean 'trials'"),
        ("trials = 0\n[search]\nbatch_size = [8, 16]", "at least 1"),
        ("[search]\nbatch_sizes = [8, 16]", "did you mean 'batch_size'"),
        ("[search]\nbatch_size = [8, 0]", "'search.batch_size' = 0"),
        ("[search]\nbatch_size = [8]", "two or more"),
        ("[search]\nbatch_size = 8", "expected a list of values, or a range"),
        ("[search]\nlearning_rate = {low = 1e-3}", "expected low and high"),
        ("[search]\nlearning_rate = {low = 1e-3, high = 1e-4}", "low < high"),
        ("[search]\nlearning_rate = {low = 0.0, high = 1.0, log = true}", "low above 0 with log"),
        ('[search]\nlearning_rate = {low = "a", high = "b"}', "expected numbers"),
        ("[search]\nlearning_rate = {low = -1.0, high = 1.0}", "above 0"),
        ("seed = -1\n[search]\nepochs = [1, 2]", "'seed' is -1, expected 0 to 4294967295"),
        ("seed = 4294967296\n[search]\nepochs = [1, 2]", "expected 0 to 4294967295"),
        ("[pruning]\nstartup_trials = -1\n[search]\nepochs = [1, 2]", "'pruning.startup_trials'"),
        ("[pruning]\nwarmup_epochs = -1\n[search]\nepochs = [1, 2]", "-1, expected at least 0"),
        ('[search]\nlearning_rate = {low = 1e-4, high = 1.0, log = "true"}', "true or false"),
        ('[search]\nepochs.much = [1, 2]', "is not a table"),
        ("[search]\nnetwork.dense_units = [8, 9000000000000000000]", "expected at most 10000"),
        ("[search]\nbatch_size = {low = 1, high = 10, step = 20}", "only the value 1"),
        ("[search]\nlearning_rate = {low = 0.1, high = 0.2, step = 0.2}", "only the value 0.1"),
        ("[search]\nbatch_size = [8, 8]", "has 1 different value, expected two or more"),
        ("[search]\nqat.epochs = [1, 2]", "'search.qat.epochs' has no effect"),
        ('[search]\noptimizer.kind = ["adam", "adamm"]', "did you mean 'adam"),
        ("[search", "sweep.toml"),
        ("[search]\nepochs = {low = 1, high = 3, step = 0.5}", "'search.epochs' = 1.5"),
    ],
)  # fmt: skip
def test_a_wrong_sweep_is_named_before_anything_is_trained(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        load_sweep(write(tmp_path, text))
    assert words in str(caught.value)
