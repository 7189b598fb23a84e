"""Throughput benchmark on a few faces: it runs, and prints its figures."""

import re

import pytest
from click.testing import CliRunner

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from benchmarks.training_throughput import main

pytestmark = pytest.mark.train


def test_both_rates_and_their_ratio_are_printed(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        "batch_size = 8\n[network]\nfilters = [4, 4, 8, 8]\ndense_units = 16\n"
        "[augmentation]\nmixup = 0.2\nrotation_degrees = 5.0\n"
    )
    arguments = ["--recipe", str(recipe), "--faces", "24", "--rounds", "1"]
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    rates = re.findall(r"^(real epoch|bare train step) +([\d,]+)", result.stdout, re.MULTILINE)
    assert [label for label, _ in rates] == ["real epoch", "bare train step"]
    real, bare = (float(rate.replace(",", "")) for _, rate in rates)
    (ratio,) = re.findall(r"ratio, median of the rounds: ([\d.]+)", result.stdout)
    assert float(ratio) == pytest.approx(real / bare, abs=0.1)
    assert (result.exit_code == 0) == (float(ratio) >= 0.9)
