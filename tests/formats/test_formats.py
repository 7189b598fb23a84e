"""Files that a release wrote are read by every later version of fer-edge."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from fer_edge import __version__
from fer_edge.aligner.card import card_from_json as aligner_card_from_json
from fer_edge.detector.card import card_from_json as detector_card_from_json
from fer_edge.model.card import card_from_json
from fer_edge.runfolder import load_info
from fer_edge.runtime.deploy.fleet_file import read_fleet
from fer_edge.runtime.measurement.report.report import read_report
from fer_edge.runtime.run.config_file import read_config
from fer_edge.training.recipes.recipe import load_recipe
from tests.formats.samples import FORMATS, FULL, SAMPLES

RELEASES = sorted(path for path in FORMATS.iterdir() if path.name[0].isdigit())

READERS: Mapping[str, Callable[[Path], object]] = {
    "card.json": lambda path: card_from_json(path.read_text("utf-8")),
    "detector.json": lambda path: detector_card_from_json(path.read_text("utf-8")),
    "aligner.json": lambda path: aligner_card_from_json(path.read_text("utf-8")),
    "run.toml": read_config,
    "recipe.toml": load_recipe,
    "run.json": lambda path: load_info(path.parent),
    "report.json": read_report,
    "fleet.toml": read_fleet,
}


def test_this_version_has_a_file_of_each_format() -> None:
    there = {path.name for path in (FORMATS / __version__).iterdir()}
    assert there == set(READERS) == set(SAMPLES), "run: python -m tests.formats.samples"


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
@pytest.mark.parametrize("name", READERS)
def test_a_file_of_a_release_is_read(release: Path, name: str) -> None:
    assert READERS[name](release / name)


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_card_of_a_release_keeps_its_meaning(release: Path) -> None:
    card = card_from_json((release / "card.json").read_text("utf-8"))
    assert (card.input.height, card.labels[-1], card.quantization.scheme) == (
        48,
        "contempt",
        "int8",
    )
    assert card.temperature != 1


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_a_configuration_of_a_release_keeps_its_meaning(release: Path) -> None:
    config = read_config(release / "run.toml")
    for table, values in FULL.items():
        part = getattr(config, table) if table else config
        for key, value in values.items():
            found = getattr(part, key)
            assert str(found).endswith(str(value)) if key in ("jsonl", "gif") else found == value
