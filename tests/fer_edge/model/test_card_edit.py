"""Attaching a card: files that read no pictures, say nothing, or state their range only partly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import Result

from fer_edge.evaluation.card_check import faults_of_path
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.model.card import Quantization
from fer_edge.model.card_edit import new_card
from fer_edge.model.file import read_model
from tests.support.clear_line import assert_one_clear_line
from tests.support.graph_edits import add_operator_code, dense_float_model, rebuild

Invoke = Callable[..., Result]
TINY = read_model(find_model("tiny"))


def input_of(model: Any) -> Any:
    graph = model.subgraphs[0]
    return graph.tensors[graph.inputs[0]]


def any_size(model: Any) -> None:
    input_of(model).shape, input_of(model).shapeSignature = [1, 1, 1, 1], [1, -1, -1, 1]


def any_batch(model: Any) -> None:
    input_of(model).shapeSignature = [-1, *input_of(model).shape[1:]]


def one_pixel(model: Any) -> None:
    input_of(model).shape = [1, 1, 1, 1]


def of_type(name: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        input_of(model).type = getattr(schema.TensorType, name)

    return change


def not_finite(model: Any) -> None:
    model.buffers[1].data = np.full(12, np.nan, np.float32).view(np.uint8)


def random(model: Any) -> None:
    operator = schema.OperatorT()
    operator.opcodeIndex = add_operator_code(model, "RANDOM_UNIFORM")
    operator.inputs, operator.outputs = [0], [2]
    model.subgraphs[0].operators.append(operator)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (any_size, ["pictures of any size", "fixed size"]),
        (one_pixel, ["a picture of 1x1 pixels"]),
        (of_type("FLOAT16"), ["the input is float16, expected float32, uint8, int8 or int16"]),
        (of_type("INT32"), ["the input is int32, expected float32, uint8, int8 or int16"]),
        (of_type("UINT8"), ["uint8 without a scale and a zero point"]),
        (not_finite, ["not finite"]),
        (random, ["random numbers (RANDOM_UNIFORM)"]),
    ],
)
def test_a_file_that_cannot_classify_faces_gets_no_card(
    fer_edge: Invoke, tmp_path: Path, change: Callable[[Any], None], words: list[str]
) -> None:
    path, out = tmp_path / "theirs.tflite", tmp_path / "carded.tflite"
    path.write_bytes(rebuild(dense_float_model(), change))
    attach = ("card", "attach", path, "--labels", "a,b,c", "--out", out, "--input-range", "0,1")
    assert_one_clear_line(fer_edge(*attach), "theirs.tflite", *words)
    assert not out.exists()


def test_an_open_batch_is_one_face(fer_edge: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "theirs.tflite"
    path.write_bytes(rebuild(dense_float_model(), any_batch))
    attach = ("card", "attach", path, "--labels", "a,b,c", "--overwrite", "--input-range", "0,1")
    assert fer_edge(*attach).exit_code == 0


def attach_narrow(fer_edge: Invoke, folder: Path, *more: str) -> tuple[Result, Path]:
    """Attach a card to a model that was calibrated without white: its input ends at 0.7."""

    def change(model: Any) -> None:
        input_of(model).quantization.scale = [0.7 / 255]

    path, out = folder / "theirs.tflite", folder / "carded.tflite"
    path.write_bytes(rebuild(TINY.flatbuffer, change))
    labels = ("--labels", ",".join(TINY.card.labels), "--out", out, "--overwrite")
    return fer_edge("card", "attach", path, *labels, *more), out


def test_a_stated_range_may_be_wider_than_the_tensors(fer_edge: Invoke, tmp_path: Path) -> None:
    result, out = attach_narrow(fer_edge, tmp_path, "--input-range", "0,1")
    assert result.exit_code == 0, result.output
    card = read_model(out).card
    assert (card.input.minimum, card.input.maximum) == (0.0, 1.0)
    with open_model(out) as model:
        pixels = np.resize(np.arange(256, dtype=np.uint8), model.input_shape)
        wanted = np.rint(pixels / 0.7).clip(0, 255)  # brighter pixels are clipped
        assert abs(model.prepare(pixels)[0] - wanted).max() <= 1
    result, _ = attach_narrow(fer_edge, tmp_path, "--input-range", "0,255")
    assert_one_clear_line(result, "cover 0 to 0.7")


def test_a_range_that_is_not_stated_is_printed(fer_edge: Invoke, tmp_path: Path) -> None:
    result, out = attach_narrow(fer_edge, tmp_path)
    assert result.exit_code == 0, result.output
    assert "black is read as 0, white as 0.7, the ends of the input tensor" in result.stdout
    assert read_model(out).card.input.maximum == pytest.approx(0.7)
    result, _ = attach_narrow(fer_edge, tmp_path, "--input-range", "0,0.7")
    assert "black is read" not in result.stdout


def weights_as(dtype: str, values: type) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tensor = model.subgraphs[0].tensors[1]
        tensor.type = getattr(schema.TensorType, dtype)
        model.buffers[1].data = np.ones(12, values).view(np.uint8)

    return change


@pytest.mark.parametrize(
    ("change", "quantization"),
    [
        (any_batch, Quantization("float32", "none")),
        (weights_as("INT8", np.int8), Quantization("dynamic", "unknown")),
    ],
)
def test_the_scheme_is_that_of_the_weights(
    change: Callable[[Any], None], quantization: Quantization
) -> None:
    flatbuffer = rebuild(dense_float_model(), change)
    card = new_card(flatbuffer, ("a", "b", "c"), name="x", input_range=(0.0, 1.0))
    assert card.quantization == quantization


def test_an_int16_input_needs_a_stated_range(fer_edge: Invoke, tmp_path: Path) -> None:
    def change(model: Any) -> None:
        of_type("INT16")(model)
        quantization = input_of(model).quantization
        quantization.scale, quantization.zeroPoint = [1 / 32767], [0]

    path, out = tmp_path / "theirs.tflite", tmp_path / "carded.tflite"
    path.write_bytes(rebuild(TINY.flatbuffer, change))
    attach = ("card", "attach", path, "--labels", ",".join(TINY.card.labels), "--out", out)
    assert_one_clear_line(fer_edge(*attach), "the input is int16", "--input-range")
    result = fer_edge(*attach, "--input-range", "0,1")
    assert result.exit_code == 0, result.output
    card = read_model(out).card
    assert card.quantization == Quantization("int16x8", "unknown")
    assert faults_of_path(out) == ()
