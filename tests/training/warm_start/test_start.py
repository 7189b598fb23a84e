"""Start from the weights of another run, with the same classes or different ones."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge import runfolder
from fer_edge.errors import TrainingError
from fer_edge.faces.labels import FER2013, FERPLUS_CLASSES
from fer_edge.training.architectures import FourBlock
from fer_edge.training.architectures.mini_xception import MiniXception
from fer_edge.training.architectures.residual import Compact
from fer_edge.training.warm_start.start import start_from
from fer_edge.training.warm_start.trained import Trained, load_trained


def build(classes, plan=None):
    plan = plan or FourBlock(filters=(4, 4, 8, 8), dense_units=16)
    network = plan.build(keras, size_px=48, classes=classes)
    random = np.random.default_rng(classes)  # zero biases could not show a mistake
    network.set_weights([random.normal(size=w.shape) for w in network.get_weights()])
    return network


def as_run(network):
    return Trained("runs/first", network, FER2013)


@pytest.fixture
def first():
    return build(7)


def test_the_same_classes_take_every_weight(first):
    second = FourBlock(filters=(4, 4, 8, 8), dense_units=16).build(keras, size_px=48, classes=7)
    start_from(as_run(first), second, FER2013)
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("plan", [None, MiniXception()])
def test_known_classes_keep_their_part_of_the_last_layer(plan):
    first = build(7, plan)
    second = build(8, plan)
    kernel, bias = second.get_weights()[-2:]
    start_from(as_run(first), second, FERPLUS_CLASSES)
    for one, other in zip(first.get_weights()[:-2], second.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(one, other)
    happy, happiness = FER2013.index("happy"), FERPLUS_CLASSES.index("happiness")
    contempt = FERPLUS_CLASSES.index("contempt")
    for at, fresh in ((-2, kernel), (-1, bias)):
        now = second.get_weights()[at]
        np.testing.assert_array_equal(now[..., happiness], first.get_weights()[at][..., happy])
        np.testing.assert_array_equal(now[..., contempt], fresh[..., contempt])


def test_classes_go_by_name_and_not_by_place(first):
    second = build(7)
    start_from(as_run(first), second, FER2013[::-1])
    np.testing.assert_array_equal(second.get_weights()[-1], first.get_weights()[-1][::-1])
    np.testing.assert_array_equal(second.get_weights()[-2], first.get_weights()[-2][:, ::-1])


def test_synonyms_of_the_classes_keep_their_weights(first, caplog):
    names = ("Anger", "disgusted", "fearful", "joy", "sadness", "surprised", "neutral")
    second = build(7)
    start_from(as_run(first), second, names)
    for now, was in zip(second.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(now, was)
    assert not caplog.records


def test_classes_of_ones_own_start_anew_and_are_named(first, caplog):
    second = build(2)
    fresh = second.get_weights()[-2:]
    start_from(as_run(first), second, ("bored", "attentive"))
    assert caplog.messages == [
        "classes that runs/first does not have start at random: bored, attentive"
    ]
    for now, was in zip(second.get_weights()[-2:], fresh, strict=True):
        np.testing.assert_array_equal(now, was)
    np.testing.assert_array_equal(second.get_weights()[0], first.get_weights()[0])


@pytest.mark.parametrize(
    "plan",
    [
        FourBlock(filters=(4, 4, 8, 16), dense_units=16),
        FourBlock(filters=(4, 4, 8, 8), dense_units=32),
        Compact(stem=4, widths=(4, 8), blocks=(1, 1)),
        MiniXception(),
    ],
)
def test_another_size_or_network_is_one_clear_error(first, plan):
    for classes, names in ((7, FER2013), (8, FERPLUS_CLASSES)):
        with pytest.raises(TrainingError, match=r"do not fit this architecture.*same \[network\]"):
            start_from(as_run(first), build(classes, plan), names)


def test_a_network_grows_by_blocks_that_change_nothing_at_first():
    small = build(7, Compact(stem=4, widths=(4, 8, 8), blocks=(1, 1, 1)))
    grown = Compact(stem=4, widths=(4, 8, 8), blocks=(2, 2, 1)).build(keras, size_px=48, classes=7)
    faces = np.random.default_rng(0).random((4, 48, 48, 1), dtype=np.float32)
    assert not np.allclose(grown(faces), small(faces))
    start_from(as_run(small), grown, FER2013)
    np.testing.assert_array_equal(grown(faces), small(faces))
    assert not np.any(grown.get_layer("s1b2_second_norm").gamma)
    assert np.all(grown.get_layer("s1b2_first_norm").gamma), "with zeros the block cannot learn"


def test_what_is_not_the_identity_is_not_grown():
    two = as_run(build(7, Compact(stem=4, widths=(4, 8), blocks=(1, 1))))
    with pytest.raises(TrainingError, match="has no layer s3b1_"):
        start_from(two, build(7, Compact(stem=4, widths=(4, 8, 8))), FER2013)
    three = as_run(build(7, Compact(stem=4, widths=(4, 8), blocks=(2, 1))))
    with pytest.raises(TrainingError, match="No such layer: s1b2_first"):
        start_from(three, build(7, Compact(stem=4, widths=(4, 8), blocks=(1, 1))), FER2013)


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / runfolder.HISTORY).write_text("")
    with pytest.raises(TrainingError):
        load_trained(str(tmp_path), np.zeros((1, 48, 48), np.uint8))
