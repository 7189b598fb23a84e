import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.detector.card import (
    DetectorCard,
    DetectorInput,
    Head,
    card_from_json,
    card_to_json,
)
from fer_edge.detector.file import bundled_detectors, pack_detector, read_detector
from fer_edge.errors import ModelError
from fer_edge.model.archive import CARD
from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model

BUNDLED = bundled_detectors()


@pytest.fixture(scope="module")
def card() -> DetectorCard:
    return read_detector(BUNDLED["yunet"]).card


def test_the_default_takes_any_size_and_another_file_has_one_size_for_the_edge_tpu() -> None:
    sizes = {name: read_detector(path).card.input for name, path in BUNDLED.items()}
    assert sizes["yunet"].is_resizable
    fixed = sizes["yunet-320x192"]
    assert (fixed.width, fixed.height, fixed.is_resizable) == (320, 192, False)


def test_all_bundled_detectors_together_are_small() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.values()) < 600_000


def test_detectors_are_no_classifiers_and_are_not_listed_among_them() -> None:
    assert not BUNDLED.keys() & bundled_models().keys()
    with pytest.raises(ModelError, match="is a face detector, expected an expression classifier"):
        read_model(BUNDLED["yunet"])


def test_the_card_names_the_source_the_license_and_the_training_data(card: DetectorCard) -> None:
    assert card.source == "face_detection_yunet_2023mar.onnx"
    assert len(card.source_sha256) == 64
    assert "Copyright (c) 2020 Shiqi Yu" in card.license
    assert "AS IS" in card.license
    assert "WIDER FACE" in card.training_data
    assert [head.stride for head in card.heads] == [8, 16, 32]


def test_the_file_agrees_with_its_source_as_its_card_says(card: DetectorCard) -> None:
    assert card.agreement.faces > 100
    assert card.agreement.found > 0.99
    assert card.agreement.strange < 0.01
    assert card.agreement.overlap > 0.95


def test_unzip_tools_read_the_card(card: DetectorCard) -> None:
    with zipfile.ZipFile(BUNDLED["yunet"]) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read(CARD))["kind"] == "face-detector"


def test_a_card_is_read_back_as_it_was_written(card: DetectorCard) -> None:
    assert card_from_json(card_to_json(card)) == card


def test_a_packed_detector_is_read_back(card: DetectorCard, tmp_path: Path) -> None:
    flatbuffer = b"\x1c\x00\x00\x00TFL3" + bytes(range(256))
    path = tmp_path / "made.tflite"
    path.write_bytes(pack_detector(flatbuffer, card))
    file = read_detector(path)
    assert file.flatbuffer == flatbuffer
    assert replace(file.card, sha256=card.sha256) == card
    assert file.size_bytes == path.stat().st_size


def test_a_flipped_byte_of_the_flatbuffer_is_refused(tmp_path: Path) -> None:
    whole = BUNDLED["yunet"].read_bytes()
    size = len(read_detector(BUNDLED["yunet"]).flatbuffer)
    path = tmp_path / "flipped.tflite"
    for place in range(8, size, size // 7):
        data = bytearray(whole)
        data[place] ^= 1
        path.write_bytes(data)
        with pytest.raises(ModelError, match="was altered or damaged"):
            read_detector(path)


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    whole, path = BUNDLED["yunet"].read_bytes(), tmp_path / "cut.tflite"
    for length in range(0, len(whole), len(whole) // 13):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError, match=r"cut\.tflite"):
            read_detector(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format_version": 2}, "format version 2"),
        ({"kind": "dog-detector"}, "dog-detector"),
        ({"heads": []}, "expected ascending order"),
        ({"surplus": 1}, "unknown key 'surplus'"),
        ({"sha256": 3}, "'sha256' is int"),
    ],
)
def test_a_damaged_card_is_refused_in_one_line(
    card: DetectorCard, changes: dict[str, object], words: str
) -> None:
    text = json.dumps({**json.loads(card_to_json(card)), **changes})
    with pytest.raises(ModelError) as caught:
        card_from_json(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("height", "width"), [(0, 320), (33, 320), (192, -32)])
def test_an_input_is_a_multiple_of_the_coarsest_stride(height: int, width: int) -> None:
    with pytest.raises(ModelError, match="expected multiples of 32"):
        DetectorInput(height, width, is_resizable=True)


def test_an_output_has_a_scale_and_an_offset_for_each_channel() -> None:
    with pytest.raises(ModelError, match="5 scales and 6 offsets; expected 6 of each"):
        Head(8, (1.0,) * 5, (0.0,) * 6)
