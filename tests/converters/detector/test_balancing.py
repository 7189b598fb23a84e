import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed (fer-edge[train])")
pytest.importorskip("onnx", reason="onnx is not installed (fer-edge[train])")

from fer_edge.converters.detector.balancing import balance
from fer_edge.converters.detector.network import build_body, build_network
from fer_edge.converters.detector.yunet import INPUT, read_yunet
from fer_edge.converters.detector.yunet_file import find_yunet

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def source():
    return read_yunet(find_yunet())


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)


def outputs(source, inputs):
    network = build_network(
        source, source.heads, height=64, width=64, upsampling="shuffle", is_clipped=False
    )
    return [np.asarray(network(pixels[np.newaxis].astype(np.float32))[0]) for pixels in inputs]


def test_a_balanced_network_computes_what_it_did(source, inputs) -> None:
    before, after = outputs(source, inputs), outputs(balance(source, inputs), inputs)
    for one, other in zip(before, after, strict=True):
        assert other == pytest.approx(one, rel=1e-3, abs=1e-3)


def test_in_front_of_a_depthwise_convolution_every_channel_fills_the_range(source, inputs) -> None:
    import keras

    def spread(given) -> float:
        """Return the mean ratio between the largest and the median channel peak of a tensor."""
        tensors = build_body(given, height=64, width=64, upsampling="resize")
        names = [
            step.inputs[0]
            for step in given.steps
            if step.convolution is not None and step.convolution.groups > 1
        ]
        network = keras.Model(tensors[INPUT], [tensors[name] for name in names])
        results = [network(pixels[np.newaxis].astype(np.float32)) for pixels in inputs]
        peaks = [
            np.max([abs(np.asarray(result[at])).max(axis=(0, 1, 2)) for result in results], axis=0)
            for at in range(len(names))
        ]
        return float(np.mean([peak.max() / np.median(peak) for peak in peaks]))

    assert spread(source) > 1.5
    assert spread(balance(source, inputs)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("size", [(32, 64), (96, 32)])
def test_both_ways_of_doubling_give_the_same_numbers(source, size) -> None:
    height, width = size
    pixels = np.random.default_rng(1).integers(0, 256, (1, height, width, 3)).astype(np.float32)
    results = [
        build_network(
            source, source.heads, height=height, width=width, upsampling=way, is_clipped=False
        )(pixels)
        for way in ("shuffle", "resize")
    ]
    for one, other in zip(*results, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other))
