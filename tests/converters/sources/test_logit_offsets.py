"""Logit offsets, which raise a rare class inside the network: effects and refused input."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from dataclasses import replace

from fer_edge.converters.conversion import convert_source
from fer_edge.converters.options import Options
from fer_edge.converters.sources.logit_offsets import (
    UNCERTAIN_BELOW,
    warn_of_empty_pictures,
    with_logit_offsets,
)
from fer_edge.converters.sources.source import float_probabilities, open_run
from fer_edge.errors import ConfigError
from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import load_faceset
from fer_edge.inference.model import open_model
from fer_edge.model.card import Gate
from fer_edge.model.file import read_model
from fer_edge.runtime.recognition.smoothing import STEADY
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def validation(trained):
    return load_faceset(trained[1]).part("validation")


def test_the_odds_of_one_class_against_each_other_are_multiplied_and_no_other_odds_move(
    trained, validation
):
    before = float_probabilities(open_run(trained[0]).network, validation)
    raised = with_logit_offsets(open_run(trained[0]), {"disgust": 2.0})
    after = float_probabilities(raised.network, validation)
    assert raised.logit_offsets == (0, 2, 0, 0, 0, 0, 0)
    expected = before * np.exp(raised.logit_offsets)
    np.testing.assert_allclose(after, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)


def test_every_file_has_it_and_its_card_says_so(trained, validation, tmp_path):
    source = with_logit_offsets(open_run(trained[0]), {"disgust": 50.0})
    options = Options(variants=("float32", "int8"), gate=Gate(max_drop_points=100))
    results = convert_source(source, load_faceset(trained[1]), tmp_path, options)
    assert [item.path.stem.partition("-")[2] for item in results] == [
        *("float32", "int8-ptq", "int8-qat")
    ]
    for item in results:
        assert read_model(item.path).card.logit_offsets == (0, 50, 0, 0, 0, 0, 0)
        assert item.agreement.top1 == 1  # the float reference has the offset, too
        with open_model(item.path) as model:
            assert (served_probabilities(model, validation).argmax(axis=1) == 1).all()


def even_picture(offsets, temperature):
    """Return the probabilities of a picture without information."""
    powers = np.exp(np.array(offsets) / temperature)
    return powers / powers.sum()


@pytest.mark.parametrize("temperature", [0.523, 0.9, 1.4])
@pytest.mark.parametrize("others", [0.0, 0.3])
def test_an_offset_that_labels_pictures_without_information_is_named_with_its_limit(
    temperature, others, caplog
):
    labels = ("happy", "sad", "fear", "contempt")
    offsets = (0.0, others, 0.0, 3.0)
    warn_of_empty_pictures(labels, offsets, temperature, "x.tflite")
    (record,) = caplog.records
    share, limit = record.args[1], record.args[-1]
    assert share == pytest.approx(100 * even_picture(offsets, temperature)[3])
    assert record.args[2] == "contempt"
    at_limit = even_picture((*offsets[:3], limit), temperature)
    assert at_limit[3] == pytest.approx(UNCERTAIN_BELOW)
    caplog.clear()
    warn_of_empty_pictures(labels, (*offsets[:3], limit - 0.01), temperature, "x.tflite")
    assert not caplog.records


@pytest.mark.parametrize("temperature", [0.05, 1.0])
@pytest.mark.parametrize("offset", [40.0, 100.0])
def test_next_to_a_large_offset_the_limit_is_still_right(offset, temperature, caplog):
    warn_of_empty_pictures(("a", "b", "c"), (-offset, 0.0, offset), temperature, "x.tflite")
    (record,) = caplog.records
    at_limit = even_picture((-offset, 0.0, record.args[-1]), temperature)
    assert at_limit[2] == pytest.approx(UNCERTAIN_BELOW)


def test_lowered_logits_are_the_cause_if_none_is_raised(caplog):
    warn_of_empty_pictures(("a", "b", "c"), (0.0, 0.0, -50.0), 1.0, "x.tflite")
    assert caplog.messages == [
        "x.tflite: a picture in which the network sees nothing is 50% a, because the logits of "
        "other classes are lowered"
    ]


@pytest.mark.parametrize(
    ("labels", "offsets"),
    [(("a", "b", "c"), ()), (("a", "b"), (0.0, 1.0)), (("a",) * 8, (0.5,) * 8)],
)
def test_harmless_offsets_have_no_warning(labels, offsets, caplog):
    warn_of_empty_pictures(labels, offsets, 0.5, "x.tflite")
    assert not caplog.records


def test_the_default_threshold_is_that_of_run():
    assert STEADY.uncertain_below == UNCERTAIN_BELOW


def test_converting_with_such_an_offset_warns(trained, tmp_path, caplog):
    source = with_logit_offsets(open_run(trained[0]), {"disgust": 9.0})
    options = Options(variants=("int8",), gate=Gate(max_drop_points=100))
    results = convert_source(source, load_faceset(trained[1]), tmp_path, options)
    warned = [r.getMessage() for r in caplog.records if "sees nothing" in r.getMessage()]
    assert len(warned) == sum(item.temperature is not None for item in results)
    assert all("disgust" in line and "offset below" in line for line in warned)


def test_without_offsets_nothing_changes(trained):
    source = open_run(trained[0])
    assert with_logit_offsets(source, {}) is source


def test_a_network_whose_last_layer_has_no_bias_is_refused(trained):
    face = keras.Input((48, 48, 1))
    x = keras.layers.GlobalAveragePooling2D()(face)
    x = keras.layers.Dense(7)(x)  # a bias of seven values, but not that of the logits
    x = keras.layers.Dense(7, use_bias=False, activation="softmax")(x)
    source = replace(open_run(trained[0]), network=keras.Model(face, x), qat_network=None)
    with pytest.raises(ConfigError, match="does not end in a dense layer with a bias"):
        with_logit_offsets(source, {"sad": 1.0})


def test_the_command_writes_it_and_people_read_it(fer_edge, trained, tmp_path):
    data = ("--data", trained[1], "--out", tmp_path, "--max-drop", "100")
    done = fer_edge("convert", trained[0], "--float32", "--logit-offset", "sad=1.5", *data)
    assert done.exit_code == 0, done.stderr
    shown = fer_edge("card", "show", tmp_path / "cartoons-float32.tflite").output
    assert "logit offsets sad +1.5" in shown


@pytest.mark.parametrize(
    "texts", [["sad"], ["sad=much"], ["sad=inf"], ["sad=1e3"], ["sad=1", "sad=2"], ["=1"]]
)
def test_an_offset_that_is_none_is_said_before_anything_is_read(fer_edge, tmp_path, texts):
    options = [part for text in texts for part in ("--logit-offset", text)]
    done = fer_edge(
        *("convert", "no-such-run", "--int8", "--data", "none.npz", "--out", tmp_path / "m"),
        *options,
    )
    assert done.exit_code == 2
    assert "expected CLASS=VALUE, once per class" in done.stderr
    assert f"got '{texts[-1]}'" in done.stderr


def test_an_unknown_class_is_one_clear_line(fer_edge, trained, tmp_path):
    data = ("--data", trained[1], "--out", tmp_path / "m")
    done = fer_edge("convert", trained[0], "--int8", "--logit-offset", "contempt=1", *data)
    assert_one_clear_line(done, "--logit-offset has contempt; cartoons has the classes angry")
    assert not (tmp_path / "m").exists()
