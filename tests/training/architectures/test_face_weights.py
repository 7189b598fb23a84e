"""Face network from a TF.js graph model: an equivalent network, or one clear error."""

import json

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

from fer_edge.errors import TrainingError
from fer_edge.limits import MEMORY_VARIABLE
from fer_edge.training.architectures import MobileNetFace
from fer_edge.training.architectures.tfjs_graph import read_convolutions
from fer_edge.training.warm_start.pretrained import load_base_weights
from tests.support.cartoons import make_faces
from tests.support.tfjs_files import GraphWriter

pytestmark = pytest.mark.train

WIDTH = 0.25
MEAN_BGR = np.array((103.939, 116.779, 123.68), np.float32)


def built(path, **options):
    options = MobileNetFace(weights=str(path), width=WIDTH, enlarge=1, **options)
    network = options.build(keras, size_px=48, classes=7)
    load_base_weights(options, network, make_faces(per_class=4).images)
    return network


@pytest.mark.parametrize(
    ("storage", "is_fused"), [("float32", False), ("float16", True), ("uint8", False)]
)
def test_the_network_computes_what_the_graph_computes(storage, is_fused, tmp_path):
    writer = GraphWriter(WIDTH, storage=storage, is_fused=is_fused)
    network = built(writer.write(tmp_path))
    faces = make_faces(per_class=1).images[..., np.newaxis].astype(np.float32)
    pooled = keras.Model(network.input, network.get_layer("average").output)
    got = pooled.predict(faces / 255, verbose=0)
    expected = writer.compute(np.repeat(faces, 3, axis=-1) - MEAN_BGR)
    assert expected.max() > 0.5
    np.testing.assert_allclose(got, expected, atol=2e-4)


def test_each_normalization_sees_faces_at_one_scale_and_the_head_begins_at_nothing(tmp_path):
    network = built(GraphWriter(WIDTH).write(tmp_path))
    faces = make_faces(per_class=4).images[..., np.newaxis].astype(np.float32) / 255
    seen = keras.Model(network.input, network.get_layer("b9_pointwise").output)
    maps = seen.predict(faces, verbose=0)
    assert maps.std(axis=(0, 1, 2)) == pytest.approx(1, abs=0.3)
    assert np.allclose(network.predict(faces[:2], verbose=0), 1 / 7)
    assert not network.get_layer("b2_pointwise_norm").trainable
    assert network.get_layer("b3_pointwise_norm").trainable


def damaged(change):
    def make(folder):
        path = GraphWriter(WIDTH).write(folder)
        document = json.loads(path.read_text("utf-8"))
        change(document)
        path.write_text(json.dumps(document), "utf-8")
        return path

    return make


def nodes(document):
    return document["modelTopology"]["node"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["weightsManifest"][0].update(paths=["../weights.bin"]), "outside"),
        (lambda d: d["weightsManifest"][0].update(paths=["none.bin"]), "none.bin"),
        (lambda d: d["weightsManifest"][0].update(paths=["weights.bin"] * 150), "listed twice"),
        (lambda d: d["weightsManifest"].extend(d["weightsManifest"] * 3), "listed twice"),
        (lambda d: d["weightsManifest"][0]["weights"].pop(), "expected"),
        (lambda d: d["weightsManifest"][0]["weights"][0].update(shape=[10**9, 9, 9]), "longer"),
        (lambda d: d["weightsManifest"][0]["weights"][0].update(shape=[-3, 3]), "longer"),
        (lambda d: d["weightsManifest"][0]["weights"][0].update(dtype="string"), "string"),
        (lambda d: d.pop("modelTopology"), "modelTopology"),
        (lambda d: nodes(d)[3].update(op="Relu1"), "not understood"),
        (lambda d: nodes(d)[9].update(input=["conv1"]), "not a chain"),
        (lambda d: nodes(d).pop(), "no pooling"),
        (lambda d: nodes(d)[1]["attr"]["padding"].update(s="VkFMSUQ="), "a padding other"),
        (lambda d: nodes(d)[1]["attr"]["padding"].update(s="!"), "not base64"),
    ],
)
def test_a_file_that_is_not_such_a_graph_is_one_clear_line(change, words, tmp_path):
    path = damaged(change)(tmp_path)
    with pytest.raises(TrainingError) as caught:
        read_convolutions(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("storage", "limit"), [("float32", 1), ("uint8", 2)])
def test_arrays_and_convolutions_share_one_limit(storage, limit, tmp_path, monkeypatch):
    writer = GraphWriter(0.5, storage=storage)  # 3.3 MB as float32
    monkeypatch.setenv(MEMORY_VARIABLE, str(limit))
    with pytest.raises(TrainingError, match=r"--limit-memory|larger than 1,000,000 bytes"):
        read_convolutions(writer.write(tmp_path))


def test_nodes_that_share_a_large_kernel_are_counted_each(tmp_path, monkeypatch):
    writer = GraphWriter(WIDTH)
    _, first, *_, pooled = writer.nodes
    writer.arrays[first["input"][1]] = np.zeros((3, 3, 1000, 8), np.float32)
    repeated = [writer.nodes[0]]
    for number in range(100):
        before = repeated[-1]["name"]
        repeated.append(first | {"name": f"c{number}", "input": [before, first["input"][1]]})
    writer.nodes[:] = [*repeated, pooled | {"input": [repeated[-1]["name"]]}]
    monkeypatch.setenv(MEMORY_VARIABLE, "20")
    with pytest.raises(TrainingError, match="it declares 20 MB, expected at most 20"):
        read_convolutions(writer.write(tmp_path))


@pytest.mark.parametrize("kind", ["Mul", "Add"])
def test_an_operation_does_not_enlarge_a_convolution(kind, tmp_path):
    writer = GraphWriter(WIDTH)
    first = writer.nodes[1]
    writer.arrays["many"] = np.ones(1000, np.float32)
    writer.nodes[2:2] = [{"op": kind, "name": "enlarge", "input": [first["name"], "many"]}]
    with pytest.raises(TrainingError, match="enlarge has 1000 numbers, expected 8"):
        read_convolutions(writer.write(tmp_path))


@pytest.mark.parametrize("name", ["none.json", "imagenet"])
def test_a_file_that_is_missing_is_one_clear_line(name, tmp_path):
    with pytest.raises(TrainingError, match="No such file"):
        read_convolutions(tmp_path / name)


def test_another_networks_weights_are_refused(tmp_path):
    path = GraphWriter(0.5).write(tmp_path)
    with pytest.raises(TrainingError, match=r"kernel \(3, 3, 3, 16\).*expected \(3, 3, 3, 8\)"):
        built(path)
