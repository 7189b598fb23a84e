import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.aligner.card import (
    AlignerCard,
    OutputRange,
    card_from_json,
    card_to_json,
)
from fer_edge.aligner.file import bundled_aligner, pack_aligner, read_aligner
from fer_edge.errors import FerEdgeError, ModelError
from fer_edge.model.archive import CARD
from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model


@pytest.fixture
def card() -> AlignerCard:
    return read_aligner(bundled_aligner()).card


def test_the_bundled_aligner_is_small_and_states_what_it_learned_from(card: AlignerCard) -> None:
    assert bundled_aligner().stat().st_size < 150_000
    assert card.scheme == "int8"
    assert len(card.data) == 64
    assert card.errors.roll_degrees <= 1.1 * card.float_errors.roll_degrees
    assert "FER2013" in card.license


def test_a_card_is_the_same_after_json(card: AlignerCard) -> None:
    assert card_from_json(card_to_json(card)) == card


def test_a_file_is_the_flatbuffer_and_a_card_in_a_zip(tmp_path: Path) -> None:
    file = read_aligner(bundled_aligner())
    path = tmp_path / "mine.tflite"
    path.write_bytes(pack_aligner(file.flatbuffer, file.card))
    assert read_aligner(path).card == file.card
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read(CARD))["kind"] == "face-aligner"


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(bundled_aligner().read_bytes())
    content[1000] ^= 1
    (tmp_path / "altered.tflite").write_bytes(content)
    with pytest.raises(ModelError, match="was altered or damaged"):
        read_aligner(tmp_path / "altered.tflite")


def test_files_of_other_kinds_are_refused_both_ways() -> None:
    with pytest.raises(ModelError, match="is an expression classifier, expected a face aligner"):
        read_aligner(bundled_models()["tiny"])
    with pytest.raises(ModelError, match="is a face aligner, expected an expression classifier"):
        read_model(bundled_aligner())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format_version": 2}, "has format version 2, this fer-edge reads 1"),
        ({"height": 0}, "expected positive numbers"),
        ({"output": {"roll_degrees": 0, "log_scale": 0.5, "shift": 0.25}}, "expected positive"),
        ({"kind": "face-detector"}, "the card is damaged"),
        ({"crop": {"side": 99}}, "expected 0.1 to 10"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(
    card: AlignerCard, changes: dict[str, object], words: str
) -> None:
    data = json.loads(card_to_json(card)) | changes
    with pytest.raises(FerEdgeError, match=words):
        card_from_json(json.dumps(data))


def test_a_card_has_finite_numbers(card: AlignerCard) -> None:
    broken = replace(card, errors=replace(card.errors, roll_degrees=float("nan")))
    with pytest.raises(ModelError, match="infinite or NaN"):
        card_to_json(broken)
    with pytest.raises(ModelError, match="expected positive numbers"):
        OutputRange(shift=float("nan"))
