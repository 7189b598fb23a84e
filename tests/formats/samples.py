"""Write a sample file of each format of this version: `python -m tests.formats.samples`.

Run it for each release, and commit the files.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from fer_edge import __version__
from fer_edge.aligner.card import card_to_json as aligner_card_to_json
from fer_edge.aligner.file import bundled_aligner, read_aligner
from fer_edge.detector.card import card_to_json as detector_card_to_json
from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.model.bundled import bundled_models
from fer_edge.model.card import card_to_json
from fer_edge.model.file import read_model
from fer_edge.runfolder import RunInfo
from fer_edge.runtime.measurement.report.report import report_to_json
from fer_edge.runtime.run.config import RunConfig
from fer_edge.runtime.run.config_file import format_template
from fer_edge.schema import encode
from fer_edge.training.recipes.recipe import format_recipe, load_recipe
from tests.support.made_reports import make_model, make_report

FORMATS = Path(__file__).parent

FULL = {
    "": {"max_frames": 100},
    "source": {"camera": 0, "size": "640x480", "fps": 15.0, "on_loss": "wait"},
    "model": {"model": "tiny", "threads": 2, "compare": "compact", "compare_every": 10},
    "faces": {"every": 2, "detect_size_px": 480, "min_score": 0.7, "min_face_px": 40.0},
    "recognition": {"smooth_s": 0.5, "classify_every_s": 0.2, "classify_per_frame": 2},
    "outputs": {"jsonl": "door.jsonl", "jsonl_on": "change", "anonymize": "box", "gif": "door.gif"},
    "web": {"address": "127.0.0.1:8000", "fps": 5.0},
    "mqtt": {"url": "mqtt://broker/door", "discovery": "homeassistant", "name": "Door"},
}

FLEET = """\
model = "compact"
config = "door.toml"

[hosts.door]
address = "pi@door.local"
groups = ["office"]

[hosts.kitchen]
config = "kitchen.toml"
system = true
"""


def _run_info() -> str:
    card = read_model(bundled_models()["compact"]).card
    assert card.data is not None
    info = RunInfo(card.architecture, card.labels, card.input.width, card.data, card.tools)
    return json.dumps(encode(info), indent=2) + "\n"


SAMPLES: Mapping[str, Callable[[], str]] = {
    "card.json": lambda: card_to_json(read_model(bundled_models()["compact-ferplus"]).card),
    "detector.json": lambda: detector_card_to_json(
        read_detector(bundled_detectors()["yunet"]).card
    ),
    "aligner.json": lambda: aligner_card_to_json(read_aligner(bundled_aligner()).card),
    "run.toml": lambda: format_template(RunConfig().with_values(FULL)),
    "recipe.toml": lambda: format_recipe(load_recipe("tiny")),
    "run.json": _run_info,
    "report.json": lambda: report_to_json(
        make_report(make_model("int8 ptq"), make_model("float32"))
    ),
    "fleet.toml": lambda: FLEET,
}
"""Name of a sample file -> function that returns its text."""


def main() -> None:
    """Write the sample files of this version."""
    folder = FORMATS / __version__
    folder.mkdir(exist_ok=True)
    for name, text in SAMPLES.items():
        (folder / name).write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
