"""Advice for networks that fail in int8, one network for each cause, and its effect."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from benchmarks.sensitivity import format_gains, measure_gains
from fer_edge.converters.analysis.advice import POOR_SNR_DB, advise, format_advice
from fer_edge.converters.analysis.layer_report import layer_report
from fer_edge.converters.quantization.selective import to_int8_selective
from fer_edge.converters.quantization.tflite import to_float32, to_int8
from tests.support.cartoons import make_faces

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def pictures():
    """Return calibration pictures, black and white first, and other pictures to measure on."""
    faces = make_faces(per_class=6, validation_per_class=3)
    calibration = faces.part("train").images[..., np.newaxis]
    return pinned(calibration), faces.part("validation").images[..., np.newaxis]


def pinned(calibration):
    black = np.zeros_like(calibration[:1])
    return np.concatenate([black, np.full_like(black, 255), calibration])


def small_network(spoil=None):
    """Build a network with random weights that quantizes well; `spoil` may change its weights."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((48, 48, 1), name="face")
    x = keras.layers.Conv2D(8, 5, strides=3, activation="relu", name="conv1")(inputs)
    x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.Conv2D(12, 3, activation="relu", name="conv2")(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = keras.layers.Dense(16, activation="relu", name="hidden")(x)
    network = keras.Model(inputs, keras.layers.Dense(7, name="scores")(x), name="small")
    for name in ("conv1", "conv2") if spoil else ():
        layer = network.get_layer(name)
        kernel, bias = layer.get_weights()
        spoil(name, kernel, bias)
        layer.set_weights([kernel, bias])
    return network


def loud_channel(name, kernel, bias):
    """Scale one channel of conv1 by 1000 and the weights of conv2 that read it by 1/1000."""
    if name == "conv1":
        kernel[..., 0] = 1000 * np.abs(kernel[..., 0])
    else:
        kernel[:, :, 0] /= 1000


def loud_white(name, kernel, bias):
    """Make one channel of conv1 zero on faces and large on white; conv2 does not read it."""
    if name == "conv1":
        kernel[..., 0] = 20000 / kernel[..., 0].size
        bias[0] = -19600
    else:
        kernel[:, :, 0] = 0


def contrast_only(name, kernel, bias):
    """Make conv1 zero for uniform pictures, so that black and white do not calibrate its range."""
    if name == "conv1":
        kernel -= kernel.mean(axis=(0, 1), keepdims=True)


def scores_snr_db(report):
    return report.layers[-1].snr_db


def test_a_network_that_quantizes_well_gets_no_advice(pictures):
    calibration, measured = pictures
    network = small_network()
    report = layer_report(to_float32(network), to_int8(network, calibration), measured)
    assert scores_snr_db(report) > 25
    assert advise(report) == ()
    assert format_advice(report).startswith("every layer keeps 20 dB in its median channel: no")


def test_a_poor_layer_that_the_output_survives_is_named(pictures):
    calibration, measured = pictures
    network = small_network()
    report = layer_report(to_float32(network), to_int8(network, calibration), measured)
    first, second, *others = report.layers
    first = replace(first, channel_snr_db=19.0)
    second = replace(second, channel_snr_db=17.26)
    report = replace(report, layers=(first, second, *others))
    assert advise(report) == ()
    assert format_advice(report) == (
        f"{second.layer} keeps only 17.3 dB in its median channel, but the output keeps "
        f"{others[-1].channel_snr_db:.1f} dB: no action needed"
    )


def test_a_loud_channel_is_kept_float(pictures):
    calibration, measured = pictures
    network = small_network(loud_channel)
    floating = to_float32(network)
    failed = layer_report(floating, to_int8(network, calibration), measured)
    assert scores_snr_db(failed) < 3
    assert failed.layers[0].snr_db > 40  # therefore layers are ranked by the median channel
    assert failed.layers[0].channel_snr_db < 3
    (advice,) = advise(failed)
    assert (advice.layer, advice.cause) == ("conv1", "outliers")
    assert advice.remedies[0] == "keep-float"
    assert "clip" not in advice.remedies  # 1/8 of the values are large, and conv2 reads them
    assert advice.keep == ("conv1", "pool", "conv2")
    assert "--keep-float conv1 --keep-float pool --keep-float conv2" in format_advice(failed)

    mended = to_int8_selective(network, calibration, keep_float=advice.keep)
    assert scores_snr_db(layer_report(floating, mended, measured)) > 25
    # the layer alone is not enough: its output is rounded again when an int8 layer reads it
    alone = to_int8_selective(network, calibration, keep_float=["conv1"])
    assert scores_snr_db(layer_report(floating, alone, measured)) < 3


def test_a_rare_loud_value_is_clipped(pictures):
    calibration, measured = pictures
    network = small_network(loud_white)
    floating = to_float32(network)
    # one white picture in 128 is closer to a real calibration set than one in 44
    calibration = np.concatenate([calibration, calibration[2:], calibration[2:]])
    failed = layer_report(floating, to_int8(network, calibration), measured)
    assert scores_snr_db(failed) < 10
    (advice,) = advise(failed)
    assert (advice.layer, advice.cause, advice.remedies[0]) == ("conv1", "outliers", "clip")

    mended = {
        "clip": to_int8_selective(network, calibration, clip_percentile=advice.clip_percentile),
        "float32": to_int8_selective(network, calibration, keep_float=advice.keep),
        "int16": to_int8_selective(network, calibration, keep_int16=advice.keep),
    }
    for name, flatbuffer in mended.items():
        assert scores_snr_db(layer_report(floating, flatbuffer, measured)) > 20, name


def test_dark_calibration_pictures_are_replaced(pictures):
    calibration, measured = pictures
    network = small_network(contrast_only)
    floating = to_float32(network)
    dark = pinned(calibration[2:] // 8)
    failed = layer_report(floating, to_int8(network, dark), measured)
    assert scores_snr_db(failed) < 10
    advice = advise(failed)[0]
    assert (advice.layer, advice.cause) == ("conv1", "saturation")
    assert advice.remedies[0] == "calibrate"
    assert "are clipped" in advice.reason
    mended = layer_report(floating, to_int8(network, calibration), measured)
    assert scores_snr_db(mended) > 20
    assert advise(mended) == ()


def test_dense_weights_get_a_scale_for_each_output(pictures):
    calibration, measured = pictures
    network = small_network()
    hidden, scores = network.get_layer("hidden"), network.get_layer("scores")
    (kernel, bias), (reader, reader_bias) = hidden.get_weights(), scores.get_weights()
    kernel[:, 0] *= 1000
    reader[0] = 0  # the large output is not read, but its weights set the scale of all
    bias[0] = -1e4
    hidden.set_weights([kernel, bias])
    scores.set_weights([reader, reader_bias])
    floating = to_float32(network)
    failed = layer_report(floating, to_int8(network, calibration), measured)
    assert scores_snr_db(failed) < 3
    (advice,) = advise(failed)
    assert (advice.layer, advice.cause) == ("hidden", "weights")
    assert advice.remedies == ("per-channel-dense", "keep-float")
    for settings in ({"per_channel_dense": True}, {"keep_float": advice.keep}):
        mended = to_int8_selective(network, calibration, **settings)
        assert scores_snr_db(layer_report(floating, mended, measured)) > 25, settings
    still = to_int8_selective(network, calibration)
    assert scores_snr_db(layer_report(floating, still, measured)) < 3


def test_small_errors_that_add_up_are_named_as_such(pictures):
    calibration, measured = pictures
    network = small_network()
    report = layer_report(to_float32(network), to_int8(network, calibration), measured)
    fallen = [
        replace(layer, channel_snr_db=POOR_SNR_DB - 2 - i, input_snr_db=POOR_SNR_DB - i)
        for i, layer in enumerate(report.layers)
    ]
    fallen[2] = replace(fallen[2], input_snr_db=30.0)
    (advice,) = advise(replace(report, layers=tuple(fallen)))
    assert (advice.layer, advice.cause) == (report.layers[2].layer, "accumulation")


def test_the_layer_that_is_worth_keeping_float_is_found_by_trying(pictures):
    calibration, measured = pictures
    network = small_network()
    floating = to_float32(network)
    gains = measure_gains(floating, calibration, measured)
    assert {gain.layer for gain in gains} == {"conv1", "conv2", "hidden", "scores"}
    assert gains[0].gain_db == max(gain.gain_db for gain in gains) > 0
    best = to_int8_selective(network, calibration, keep_float=[gains[0].layer])
    assert len(best) == gains[0].size_bytes
    snr_db = scores_snr_db(layer_report(floating, best, measured))
    assert snr_db == pytest.approx(gains[0].snr_db)
    assert gains[0].layer in format_gains(gains).splitlines()[1]
