"""Networks with layers that behave differently in training: converted as they are served."""

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.converters.sources.claims import Claims
from fer_edge.converters.sources.foreign import check_unchanged, foreign_source, open_network
from fer_edge.converters.sources.source import float_probabilities
from fer_edge.converters.sources.suspicions import check_claims
from fer_edge.errors import ModelError
from fer_edge.evaluation.evaluation import unscaled_probabilities
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.labels import FER2013
from fer_edge.model.file import read_model

from ...support.network_files import KINDS, keras_of, saved, small_network

pytestmark = pytest.mark.train

CLAIMS = Claims(FER2013, (0.0, 1.0))


@pytest.fixture
def convert(cartoons, fer_edge, tmp_path):
    def invoke(path, *more):
        out = ("--data", cartoons, "--out", tmp_path / "out", "--float32")
        return fer_edge("convert", path, "--labels", ",".join(FER2013), *out, *more)

    return invoke


def with_statistics(module, *middle):
    """Build a network whose batch normalization has other statistics than any batch."""
    network = small_network(module, *middle, module.layers.BatchNormalization())
    for layer in network.layers:
        if isinstance(layer, module.layers.BatchNormalization):
            layer.moving_mean.assign([0.3, -0.2, 0.1, 0.4])
            layer.moving_variance.assign([0.5, 2.0, 1.5, 0.2])
    return network


@pytest.mark.parametrize(
    ("kind", "augment"),
    [*((kind, "RandomFlip") for kind in KINDS), ("keras3.keras", "GaussianNoise")],
)
def test_augmentation_does_not_change_the_statistics(convert, cartoons, tmp_path, kind, augment):
    module = keras_of(kind)
    layer = getattr(module.layers, augment)(*([] if augment == "RandomFlip" else [0.1]))
    network = with_statistics(module, layer)
    faces = load_faceset(cartoons).part("validation")
    wanted = float_probabilities(network, faces)
    result = convert(saved(network, tmp_path / kind), "--trust-claims")
    assert result.exit_code == 0, result.output
    served, _ = unscaled_probabilities(
        read_model(tmp_path / f"out/{kind[:6]}-float32.tflite"), faces
    )
    np.testing.assert_allclose(served, wanted, atol=1e-5)


def test_the_check_of_the_claims_does_not_change_the_network(cartoons, tmp_path):
    network = with_statistics(keras_of("keras3"), keras_of("keras3").layers.RandomFlip())
    faces = load_faceset(cartoons)
    foreign = open_network(saved(network, tmp_path / "x.keras"), CLAIMS, faces)
    source = foreign_source(foreign, CLAIMS)
    try:
        check_claims(foreign, CLAIMS, faces)
    except ModelError as error:  # an untrained network may be better in another range
        assert "looks wrong" in str(error)
    check_unchanged(foreign, source, faces)
    bias = source.network.layers[-1].layers[-1].bias
    bias.assign(np.asarray(bias) + np.arange(7, dtype=np.float32))
    with pytest.raises(ModelError, match=r"x\.keras answers differently inside fer-edge"):
        check_unchanged(foreign, source, faces)


@pytest.mark.parametrize("kind", ["keras3.keras", "keras2.keras", "keras2.h5"])
@pytest.mark.parametrize("layer", ["BatchNormalization", "Dropout"])
def test_a_layer_called_in_training_mode_is_converted_in_inference_mode(
    convert, cartoons, tmp_path, caplog, kind, layer
):
    module = keras_of(kind)
    layers = module.layers
    face = module.Input((48, 48, 1))
    odd = (
        layers.Dropout(0.5, name="odd")
        if layer == "Dropout"
        else layers.BatchNormalization(name="odd")
    )
    x = odd(layers.Conv2D(4, 5, strides=4)(face), training=True)
    x = layers.Dense(7, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    network = module.Model(face, x)
    if layer != "Dropout":
        odd.moving_mean.assign([0.3, -0.2, 0.1, 0.4])
    result = convert(saved(network, tmp_path / kind), "--trust-claims")
    assert result.exit_code == 0, result.output
    assert "calls odd in training mode: converted in inference mode" in caplog.text
    faces = load_faceset(cartoons).part("validation")
    plain = module.Sequential([module.Input((48, 48, 1)), *network.layers[1:]])
    served, _ = unscaled_probabilities(
        read_model(tmp_path / f"out/{kind[:6]}-float32.tflite"), faces
    )
    np.testing.assert_allclose(served, float_probabilities(plain, faces), atol=1e-5)
