"""`.tflite` files from elsewhere, with colors or another range: card, serving, benchmark."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import Result
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.evaluation.card_check import faults_of_path
from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import save_faceset
from fer_edge.faces.preprocess import Box, CropPolicy, crop, gray, resized
from fer_edge.inference.model import open_model
from fer_edge.model.card import card_from_json, card_to_json
from fer_edge.model.file import pack_model, read_model, write_model
from tests.support.cartoons import draw_face, make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.graph_edits import add_operator_code, pack

Invoke = Callable[..., Result]
NAMES = ("happy", "sad", "angry")
SIDE = 8


def color_model(
    channels: int = 3,
    *,
    dtype: str = "FLOAT32",
    scale: float = 1 / 127.5,
    zero_point: int = 127,
    softmax: bool = True,
    answer: str = "FLOAT32",
) -> tuple[bytes, NDArray[np.float32]]:
    """Make a model of one dense layer with the tensors of a Teachable Machine model.

    Returns:
        The bytes of the file, and the weights, float32 (3, SIDE * SIDE * channels).
    """
    weights = np.random.default_rng(channels).normal(0, 0.3, (3, SIDE * SIDE * channels))
    weights = weights.astype(np.float32)
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.operatorCodes = 3, [graph], []
    model.buffers = [schema.BufferT() for _ in range(2)]
    model.buffers[1].data = weights.view(np.uint8).ravel()
    graph.tensors, graph.operators = [], []

    def tensor(shape: tuple[int, ...], kind: str = "FLOAT32", buffer: int = 0) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.buffer = f"t{len(graph.tensors)}", list(shape), buffer
        made.type = getattr(schema.TensorType, kind)
        if kind != "FLOAT32":
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero_point]
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def operator(name: str, inputs: list[int], outputs: list[int], options: str = "") -> None:
        made = schema.OperatorT()
        made.opcodeIndex = add_operator_code(model, name)
        made.inputs, made.outputs = inputs, outputs
        if options:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            made.builtinOptions = getattr(schema, f"{options}T")()
            if options == "SoftmaxOptions":
                made.builtinOptions.beta = 1.0
        graph.operators.append(made)

    shape = (1, SIDE, SIDE, channels)
    start = real = tensor(shape, dtype)
    if dtype != "FLOAT32":
        real = tensor(shape)
        operator("DEQUANTIZE", [start], [real])
    end = logits = tensor((1, 3))
    dense = [real, tensor(weights.shape, buffer=1), -1]
    operator("FULLY_CONNECTED", dense, [logits], "FullyConnectedOptions")
    if softmax:
        end = tensor((1, 3))
        operator("SOFTMAX", [logits], [end], "SoftmaxOptions")
    if answer != "FLOAT32":
        logits, end = end, tensor((1, 3), answer)
        graph.tensors[end].quantization = None
        operator("CAST", [logits], [end])
    graph.inputs, graph.outputs = [start], [end]
    return pack(model), weights


def attach(fer_edge: Invoke, folder: Path, *more: object, **model: Any) -> tuple[Result, Path]:
    path, out = folder / "theirs.tflite", folder / "carded.tflite"
    path.write_bytes(color_model(**model)[0])
    labels = ("--labels", ",".join(NAMES), "--out", out)
    return fer_edge("card", "attach", path, *labels, *more), out


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    grown = np.exp(logits - logits.max())
    return grown / grown.sum()


def colorful(seed: int, side: int = 40) -> NDArray[np.uint8]:
    """Return a BGR picture, uint8 (side, side, 3), whose channels differ."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)


TENSORS = [
    ({"dtype": "FLOAT32"}, (-1.0, 1.0)),
    ({"dtype": "UINT8"}, (-1.0, 1.0)),
    ({"dtype": "UINT8", "scale": 1 / 128, "zero_point": 128}, (-1.0, 1.0)),
    ({"dtype": "INT8", "zero_point": -1}, (-1.0, 1.0)),
    ({"dtype": "UINT8", "scale": 1 / 255, "zero_point": 0}, (0.0, 1.0)),
    ({"dtype": "UINT8", "scale": 1.0, "zero_point": 0}, (0.0, 255.0)),
    ({"dtype": "FLOAT32"}, (0.0, 255.0)),
    ({"dtype": "INT8", "scale": 1.9 / 255, "zero_point": 6}, (-1.0, 1.0)),
]
"""Input tensors as common tools write them, and the real values of black and white."""


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("tensor", "ends"), TENSORS)
def test_a_model_from_elsewhere_reads_what_it_was_trained_on(
    fer_edge: Invoke,
    tmp_path: Path,
    tensor: dict[str, Any],
    ends: tuple[float, float],
    channels: int,
    order: str,
) -> None:
    span = ("--input-range", f"{ends[0]:g},{ends[1]:g}", "--channels", channels)
    result, out = attach(
        fer_edge, tmp_path, *span, "--color-order", order, channels=channels, **tensor
    )
    assert result.exit_code == 0, result.output
    assert faults_of_path(out) == ()
    _, weights = color_model(channels)
    with open_model(out) as model:
        for seed in range(3):
            face = colorful(seed)
            pixels = resized(face, SIDE, SIDE, model.file.card.input.colors)
            real = ends[0] + pixels.astype(float) / 255 * (ends[1] - ends[0])
            wanted = softmax(weights @ real.ravel())
            read = model.probabilities(model.input_of(face))
            # a quantized tensor rounds each pixel by up to half a step
            np.testing.assert_allclose(read, wanted, atol=1e-5 if ends[1] == 255 else 0.05)


def test_a_gray_face_is_repeated_and_a_color_face_keeps_its_colors() -> None:
    plain, color = draw_face(3, 0), colorful(0, 48)
    for order, place in (("rgb", [2, 1, 0]), ("bgr", [0, 1, 2])):
        made = resized(plain, 48, 48, order)
        assert made.shape == (48, 48, 3)
        assert (made == plain[..., np.newaxis]).all()
        assert np.array_equal(resized(color, 48, 48, order), color[..., place])
        with_alpha = np.dstack([color, np.zeros((48, 48), np.uint8)])
        assert np.array_equal(resized(with_alpha, 48, 48, order), color[..., place])
        assert resized(color, 20, 30, order).shape == (20, 30, 3)
    with pytest.raises(ValueError, match="float32"):
        resized(color.astype(np.float32), 48, 48, "rgb")


def test_a_color_crop_is_the_gray_crop_in_colors() -> None:
    image = colorful(1, 90)
    for box in (Box(20, 20, 60, 70), Box(-30, -10, 40, 60), Box(80, 70, 130, 150)):
        face = crop(image, box, CropPolicy(), channels=3)
        assert face.shape[2] == 3
        assert np.array_equal(gray(face), crop(image, box, CropPolicy()))


def test_the_range_of_an_integer_model_is_in_its_graph(fer_edge: Invoke, tmp_path: Path) -> None:
    result, out = attach(fer_edge, tmp_path, dtype="UINT8")
    assert result.exit_code == 0, result.output
    spec = read_model(out).card.input
    assert (spec.height, spec.channels, spec.color_order) == (SIDE, 3, "rgb")
    assert (spec.minimum, spec.maximum) == pytest.approx((-1, 1), abs=0.005)
    with open_model(out) as model:
        pixels = model.input_of(colorful(0))
        assert np.array_equal(model.prepare(pixels)[0], pixels)  # unchanged raw pixels
    assert "8x8 rgb, 0 to 255 as -0.996" in fer_edge("card", "show", out).stdout


@pytest.mark.parametrize(
    ("model", "more", "words"),
    [
        ({}, ["--input-range", "-1,1", "--channels", 1], ["3 channels, expected 1"]),
        ({"channels": 1}, ["--input-range", "-1,1", "--channels", 3], ["1 channels, expected 3"]),
        ({"channels": 2}, ["--input-range", "-1,1"], ["2 channels, expected 1 or 3"]),
        ({}, [], ["float32", "--input-range"]),
        ({"dtype": "UINT8"}, ["--input-range", "0,255"], ["0.0 to 255.0", "-0.996078 to 1.00392"]),
        ({"dtype": "INT8", "zero_point": 0}, ["--input-range", "0,1"], ["0.0 to 1.0", "cover"]),
    ],
)
def test_words_that_the_graph_contradicts_are_one_clear_line(
    fer_edge: Invoke, tmp_path: Path, model: dict[str, Any], more: list[object], words: list[str]
) -> None:
    result, out = attach(fer_edge, tmp_path, *more, **model)
    assert_one_clear_line(result, *words)
    assert not out.exists()


def test_a_card_that_contradicts_the_tensor_is_refused(fer_edge: Invoke, tmp_path: Path) -> None:
    from dataclasses import replace

    _, out = attach(fer_edge, tmp_path, dtype="UINT8")
    file = read_model(out)
    for change, words in (
        ({"minimum": 0.0, "maximum": 255.0}, "cover -0.996078"),
        ({"channels": 1}, "the card states"),
    ):
        changed = replace(file.card, input=replace(file.card.input, **change))  # type: ignore[arg-type]
        write_model(out, file.flatbuffer, changed)
        with pytest.raises(ModelError, match=words):
            open_model(out)


@pytest.mark.parametrize(
    "damage",
    [
        *({"minimum": value} for value in (float("nan"), float("inf"), 1e300, 5.0)),
        *({"maximum": value} for value in (float("nan"), float("-inf"), -1.0)),
        *({"channels": 0}, {"channels": 2}, {"height": 0}, {"width": 10**12}),
        *({"crop": {"side": value}} for value in (float("nan"), float("inf"), 1e300, 0.0, -1.0)),
    ],
)
def test_a_card_with_numbers_out_of_bounds_is_refused(
    fer_edge: Invoke, tmp_path: Path, damage: dict[str, Any]
) -> None:
    _, out = attach(fer_edge, tmp_path, dtype="UINT8")
    text = json.loads(card_to_json(read_model(out).card))
    text["input"] |= damage
    with pytest.raises(ModelError, match="the card"):
        card_from_json(json.dumps(text))


def test_outputs_that_are_not_probabilities_are_said(
    fer_edge: Invoke, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    result, _ = attach(fer_edge, tmp_path, "--input-range", "-1,1", softmax=False)
    assert result.exit_code == 0, result.output
    assert "from the operator FULLY_CONNECTED) are not probabilities" in caplog.text


@pytest.mark.parametrize("answer", ["FLOAT64", "INT32", "INT64", "BOOL", "UINT8", "INT8"])
def test_outputs_without_real_values_are_refused(
    fer_edge: Invoke, tmp_path: Path, answer: str
) -> None:
    result, out = attach(fer_edge, tmp_path, "--input-range", "0,1", answer=answer)
    assert_one_clear_line(
        result, "the output is", "expected float32, or uint8, int8 or int16 with one scale"
    )
    assert not out.exists()
    attach(fer_edge, tmp_path, "--input-range", "0,1")
    card = read_model(out).card
    out.write_bytes(pack_model(color_model(answer=answer)[0], card))
    assert_one_clear_line(fer_edge("card", "verify", out), "with one scale")
    with pytest.raises(ModelError, match="with one scale"):
        open_model(out)


@pytest.fixture
def served(fer_edge: Invoke, tmp_path: Path) -> Path:
    result, out = attach(fer_edge, tmp_path, "--input-range", "-1,1", "--channels", 3)
    assert result.exit_code == 0, result.output
    return out


def test_it_is_served_with_the_colors_of_the_picture(
    fer_edge: Invoke, served: Path, tmp_path: Path
) -> None:
    picture, lines = tmp_path / "face.png", tmp_path / "out.jsonl"
    face = colorful(5)
    cv2.imwrite(str(picture), face)
    run = ("run", "--input", picture, "--model", served, "--detector", "none", "--jsonl", lines)
    result = fer_edge(*run)
    assert result.exit_code == 0, result.output
    record = json.loads(lines.read_text().splitlines()[0])
    with open_model(served) as model:
        read = model.probabilities(model.input_of(face))
        swapped = model.probabilities(model.input_of(face[..., ::-1]))
    scores = record["faces"][0]["scores"]
    found = [scores[name] for name in NAMES]
    np.testing.assert_allclose(found, read, atol=1e-3)
    assert abs(read - swapped).max() > 0.01


def test_it_is_compared_and_benchmarked(fer_edge: Invoke, served: Path, tmp_path: Path) -> None:
    picture = tmp_path / "face.png"
    cv2.imwrite(str(picture), colorful(5))
    result = fer_edge(
        *("run", "--input", picture, "--model", served, "--compare", served),
        *("--detector", "none", "--compare-every", 1),
    )
    assert result.exit_code == 0, result.output
    assert "agreement 100.00%" in result.output
    data = tmp_path / "faces.npz"
    faces = make_faces(names=NAMES)
    save_faceset(faces, data)
    with open_model(served) as model:
        read = served_probabilities(model, faces)
        pixels = np.repeat(faces.images[..., np.newaxis], 3, axis=3)
        wanted = [model.probabilities(resized(face, SIDE, SIDE, "rgb")) for face in pixels]
    np.testing.assert_array_equal(read, np.stack(wanted))
    result = fer_edge("card", "calibrate", served, "--data", data, "--overwrite")
    assert_one_clear_line(result, "too few")
    report = tmp_path / "report"
    result = fer_edge("benchmark", served, "--data", data, "--report", report, "--quick")
    assert result.exit_code == 0, result.output
    assert (report / "report.json").exists()
