import json
from dataclasses import replace

import pytest

from fer_edge.errors import ModelError
from fer_edge.model.bundled import find_model
from fer_edge.model.card import (
    FERPLUS_LIMITS,
    LICENSE,
    LIMITS,
    OWN_LICENSE,
    OWN_LIMITS,
    ModelCard,
    Quantization,
    card_from_json,
    card_to_json,
)
from fer_edge.model.file import read_model
from fer_edge.schema import encode
from tests.support.cards import CARD, SCALING, SCORE


@pytest.mark.parametrize(
    "card",
    [
        CARD,
        replace(CARD, data=None, agreement=None, scores=(), tools=()),
        replace(CARD, quantization=Quantization("float32", "none")),
        replace(CARD, name="Müdigkeit ☺", labels=("glücklich", "悲しい"), scores=()),
    ],
)
def test_a_card_survives_json(card: ModelCard) -> None:
    text = card_to_json(card)
    assert card_from_json(text) == card
    assert card_to_json(card_from_json(text)) == text


def test_a_card_from_before_a_score_was_known_is_read() -> None:
    data = json.loads(card_to_json(CARD))
    for score in data["scores"]:
        for key in ("top3_accuracy", "ferplus_n", "ferplus_accuracy"):
            del score[key]
    assert card_from_json(json.dumps(data)) == CARD


def test_a_card_from_before_temperatures_were_fitted_is_read_at_temperature_1() -> None:
    data = json.loads(card_to_json(CARD))
    del data["temperature_scaling"]
    assert card_from_json(json.dumps(data)) == CARD
    assert CARD.temperature == 1.0


def test_a_card_keeps_its_temperature() -> None:
    scaled = replace(CARD, temperature_scaling=SCALING)
    assert card_from_json(card_to_json(scaled)) == scaled
    assert scaled.temperature == 1.25


@pytest.mark.parametrize("name", ["compact", "compact-ferplus"])
def test_a_card_says_nothing_of_fer2013_when_the_data_are_others(name: str) -> None:
    theirs = read_model(find_model(name)).card
    assert theirs.data is not None
    unset = replace(theirs, limits="", license="")
    assert (unset.limits, unset.license) in ((LIMITS, LICENSE), (FERPLUS_LIMITS, LICENSE))
    with_test = replace(unset, data=replace(theirs.data, digest="of PrivateTest, too"), limits="")
    assert with_test.limits == unset.limits
    for data in (None, replace(theirs.data, train=5_000)):  # own faces in the same classes
        own = replace(unset, data=data, limits="", license="")
        assert (own.limits, own.license) == (OWN_LIMITS, OWN_LICENSE)
        assert replace(own, limits="Mine.").limits == "Mine."


def test_the_served_score_is_that_of_this_file() -> None:
    assert CARD.served_score() == SCORE
    assert replace(CARD, scores=()).served_score() is None


def altered(**change: object) -> str:
    return json.dumps(json.loads(card_to_json(CARD)) | change)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "damaged"),
        ("{", "damaged"),
        ("[]", "damaged"),
        ("null", "damaged"),
        (altered(labels=["happy", "happy"]), "labels"),
        (altered(labels=["happy"]), "labels"),
        (altered(labels=[1, 2]), "labels[0]"),
        (altered(macs="many"), "macs"),
        (altered(lables=[]), "did you mean 'labels'"),
        (altered(temperature_scaling={"value": 1.2}), "temperature_scaling.faces"),
        (altered(temperature_scaling=encode(SCALING) | {"value": 0}), "temperature is 0"),
        (altered(temperature_scaling=encode(SCALING) | {"value": float("nan")}), "the number NaN"),
        (altered(format_version=99), "format version 99"),
        (altered(format_version=99, mood_lighting=True), "format version 99"),
        (altered(format_version="1"), "format version 1"),
    ],
)
def test_a_text_that_is_no_card_of_this_format_is_refused(text: str, word: str) -> None:
    with pytest.raises(ModelError) as caught:
        card_from_json(text)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *(("name", text) for text in ("", " ", "two\nlines", "\x1b[31mred", "\udcff")),
        ("architecture", "two\nlines"),
        *((key, "\udcff") for key in ("intended_use", "limits", "license")),
        ("limits", "\x1b[31mred"),
    ],
)
def test_a_text_that_cannot_be_shown_is_refused_by_its_key(key: str, text: str) -> None:
    with pytest.raises(ModelError, match=f"the card's {key} is .*expected"):
        replace(CARD, **{key: text})


def test_limits_in_several_lines_and_with_the_spaces_of_french_are_fine() -> None:
    limits = "Lampes\u202f:\tnon.\nLunettes\u00a0: oui."
    assert replace(CARD, limits=limits).limits == limits


def test_the_name_of_a_file_that_is_not_utf8_is_one_clear_line() -> None:
    assert CARD.data is not None
    card = replace(CARD, data=replace(CARD.data, name="caf\udce9.npz"))
    with pytest.raises(ModelError, match=r'not UTF-8 \("name": "caf\?.npz".*rename'):
        card_to_json(card)


def test_the_advice_for_a_newer_card_is_to_upgrade() -> None:
    with pytest.raises(ModelError, match="upgrade fer-edge"):
        card_from_json(altered(format_version=99, new_key=1))
