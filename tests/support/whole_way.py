"""Training, conversion and `run` of a network."""

import dataclasses
import json

import cv2
import keras
import numpy as np

from fer_edge.converters.conversion import convert_source
from fer_edge.converters.options import Options
from fer_edge.converters.sources.keras_models import load_qat_network
from fer_edge.converters.sources.source import open_run
from fer_edge.model.card import Gate
from fer_edge.model.file import read_model
from fer_edge.model.graph import read_graph
from fer_edge.training import train
from tests.support.cartoons import draw_face, make_faces


def quick(recipe, **changes):
    qat = dataclasses.replace(recipe.qat, epochs=1)
    return dataclasses.replace(recipe, epochs=1, batch_size=14, qat=qat, **changes)


def run(recipe, faces, out, **changes):
    return train(faces, out, recipe, **changes).scores


def frozen_stays_frozen(folder):
    """Assert that quantization-aware training did not change frozen kernels and normalizations."""
    network = keras.models.load_model(folder / "model.keras")
    quantized = load_qat_network(folder)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            normalization = quantized.get_layer(f"quant_{layer.name}").layer
            for ours, theirs in zip(layer.get_weights(), normalization.get_weights(), strict=True):
                np.testing.assert_array_equal(ours, theirs)
        elif not layer.trainable and hasattr(layer, "kernel"):
            wrapper = quantized.get_layer(f"quant_{layer.name}")
            (kernel,) = [weight for weight in wrapper.weights if "kernel:" in weight.name]
            np.testing.assert_array_equal(kernel.numpy(), layer.get_weights()[0])


def go_the_whole_way(recipe, tmp_path, fer_edge, *, qat=True):
    """Train a network, with `qat` in both stages; convert it to int8; run a file on a face."""
    faces = make_faces(per_class=4, validation_per_class=2)
    faces = dataclasses.replace(faces, votes=np.ones((len(faces), 10), np.uint8))  # for `compact`
    run(quick(recipe), faces, tmp_path / "run", qat=qat)
    if qat:
        frozen_stays_frozen(tmp_path / "run")
    options = Options(variants=("int8",), gate=Gate(max_drop_points=100))
    results = convert_source(open_run(tmp_path / "run"), faces, tmp_path / "models", options)
    assert len(results) == (2 if qat else 1)
    for item in results:
        graph = read_graph(read_model(item.path).flatbuffer)
        tensors = [t for o in graph.operators for t in (*o.inputs, *o.outputs)]
        assert {tensor.dtype for tensor in tensors} <= {"INT8", "UINT8", "INT32"}
        inside = [operator.name for operator in graph.operators[1:-1]]
        assert not {"QUANTIZE", "DEQUANTIZE"} & set(inside)
    picture = tmp_path / "face.png"
    cv2.imwrite(str(picture), draw_face(3, 0))
    result = fer_edge(
        *("run", "--input", picture, "--detector", "none", "--model", results[-1].path),
        *("--uncertain-below", "0"),
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["faces"][0]["label"] in faces.class_names
