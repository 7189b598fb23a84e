"""The static check for the Edge TPU: documented limits, applied to bundled and edited graphs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from click.testing import Result

from fer_edge.converters.devices.edgetpu import ON_CHIP_BYTES, OperatorRow, check, check_edgetpu
from fer_edge.converters.devices.edgetpu_operators import OPERATORS, UNREADABLE_FROM
from fer_edge.errors import ModelError
from fer_edge.model.bundled import bundled_models, find_model
from fer_edge.model.file import read_model
from fer_edge.model.graph import Operator, Tensor, read_graph
from tests.support.clear_line import assert_one_clear_line
from tests.support.graph_edits import (
    Change,
    add_operator_code,
    dense_float_model,
    make_edgetpu_file,
    rebuild,
    renamed,
    replace_operator,
)

FLATBUFFER = read_model(find_model("tiny")).flatbuffer
FIRST_POOL = 4  # index in QUANTIZE CONV CONV CONV POOL ...


def test_every_bundled_model_maps_as_a_whole() -> None:
    for path in bundled_models().values():
        flatbuffer = read_model(path).flatbuffer
        report = check(flatbuffer)
        assert report.refusals == ()
        assert report.count("no") == 0
        assert report.count("yes") + report.count("maybe") == len(read_graph(flatbuffer).operators)


def test_the_table_of_tiny_is_its_graph() -> None:
    report = check(FLATBUFFER)
    assert report.rows == (
        OperatorRow("QUANTIZE", 2, "yes"),
        OperatorRow("CONV_2D", 12, "yes"),
        OperatorRow("MAX_POOL_2D", 3, "yes"),
        OperatorRow("ADD", 4, "yes"),
        OperatorRow("MEAN", 1, "yes"),
        OperatorRow("FULLY_CONNECTED", 1, "yes"),
        OperatorRow("SOFTMAX", 1, "yes"),
    )
    # int8 weights of one byte each, and int32 biases
    assert 73_247 < report.parameter_bytes < 76_000
    text = str(report)
    assert text.splitlines()[1] == "QUANTIZE                       2      yes"
    assert "24 of 24 operators will map, 0 may, 0 run on the CPU" in text
    assert "they fit" in text


def test_after_an_unsupported_operator_everything_runs_on_the_cpu() -> None:
    flatbuffer = rebuild(FLATBUFFER, lambda m: replace_operator(m, FIRST_POOL, "HARD_SWISH"))
    report = check(flatbuffer)
    assert OperatorRow("HARD_SWISH", 1, "no", "operation is not supported") in report.rows
    assert report.count("yes") == FIRST_POOL
    after = "comes after an operator that does not map"
    assert sum(row.count for row in report.rows if row.why_not == after) == 19
    assert "4 of 24 operators will map, 0 may, 20 run on the CPU" in report.notes


def test_a_float_input_costs_one_quantize_on_the_cpu() -> None:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors[graph.inputs[0]].type = schema.TensorType.FLOAT32

    report = check(rebuild(FLATBUFFER, change))
    assert report.rows[0] == OperatorRow("QUANTIZE", 1, "no", "works on float32")
    assert report.count("yes") == 23
    assert report.refusals == ()


def all_float(model: Any) -> None:
    for tensor in model.subgraphs[0].tensors:
        tensor.type = schema.TensorType.FLOAT32


def batch_of_any_size(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].shapeSignature = [-1, 48, 48, 1]


def convolution_of_2022(model: Any) -> None:
    for code in model.operatorCodes:
        if code.builtinCode == schema.BuiltinOperator.CONV_2D:
            code.version = 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (all_float, "not quantized"),
        (batch_of_any_size, "no constant size"),
        (convolution_of_2022, "cannot read CONV_2D version 6"),
    ],
)
def test_a_file_that_the_compiler_refuses_maps_nothing(change: Change, words: str) -> None:
    report = check(rebuild(FLATBUFFER, change))
    assert any(words in reason for reason in report.refusals)
    assert report.count("yes") == report.count("maybe") == 0
    assert f"refused: {report.refusals[0]}" in str(report)


def test_a_frames_two_models_fit_on_one_chip(fer_edge: Callable[..., Result]) -> None:
    result = fer_edge("check-edgetpu", "compact", "yunet-320x192", "--json")
    assert result.exit_code == 0, result.stderr
    reports = json.loads(result.stdout)
    for report in reports.values():
        assert not any(row["maps"] == "no" for row in report["rows"])
        assert report["refusals"] == []
    assert sum(report["parameter_bytes"] for report in reports.values()) < ON_CHIP_BYTES / 4


def test_the_check_has_a_command_and_a_public_name(
    fer_edge: Callable[..., Result], tmp_path: Path
) -> None:
    (tmp_path / "bare.tflite").write_bytes(FLATBUFFER)
    result = fer_edge("check-edgetpu", tmp_path / "bare.tflite")
    assert result.stdout == f"{tmp_path / 'bare.tflite'}:\n{check_edgetpu('tiny')}\n"
    missing = fer_edge("check-edgetpu", "nothing")
    assert missing.exit_code == 1
    assert_one_clear_line(missing, "nothing")


def test_a_file_that_cannot_be_read_does_not_stop_the_check(
    fer_edge: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(FLATBUFFER[:8] + bytes(100))
    result = fer_edge("check-edgetpu", path, "tiny")
    assert result.exit_code == 1
    assert str(path) in result.stderr
    assert result.stdout == f"tiny:\n{check_edgetpu('tiny')}\n"
    assert json.loads(fer_edge("check-edgetpu", path, "tiny", "--json").stdout).keys() == {"tiny"}


def test_a_float_model_is_refused() -> None:
    assert "not quantized" in check(dense_float_model()).refusals[0]


def test_parameters_beyond_the_chips_memory_are_counted() -> None:
    def change(model: Any) -> None:
        operator = model.subgraphs[0].operators[1]
        tensor = model.subgraphs[0].tensors[operator.inputs[1]]
        model.buffers[tensor.buffer].data = np.zeros(9_000_000, np.uint8)

    report = check(rebuild(FLATBUFFER, change))
    assert report.parameter_bytes > 9_000_000
    assert any("1.07 MB are transferred at every inference" in note for note in report.notes)


@pytest.mark.parametrize("name", [None, "", "a"], ids=["stripped", "empty", "equal"])
def test_tensors_need_no_names(name: str | None) -> None:
    assert check(renamed(FLATBUFFER, name)) == check(FLATBUFFER)
    any_size = rebuild(FLATBUFFER, batch_of_any_size)
    assert check(renamed(any_size, name)).refusals == check(any_size).refusals


def test_a_compiled_file_is_recognized() -> None:
    def leave_softmax(model: Any) -> None:
        operator = schema.OperatorT()
        operator.opcodeIndex = add_operator_code(model, "SOFTMAX")
        operator.inputs, operator.outputs = [0], [1]
        model.subgraphs[0].operators.append(operator)

    report = check(rebuild(make_edgetpu_file(FLATBUFFER), leave_softmax))
    assert report.rows == (
        OperatorRow("edgetpu-custom-op", 1, "yes"),
        OperatorRow("SOFTMAX", 1, "no", "the compiler left it to the CPU"),
    )
    assert "already compiled for the Edge TPU" in report.notes[0]


def test_a_damaged_file_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="damaged"):
        check(FLATBUFFER[:1000])


def tensor(*shape: int, indices: tuple[int, ...] = (), constant: bool = False) -> Tensor:
    dtype = "INT32" if indices else "INT8"
    return Tensor("t", shape, dtype, constant or bool(indices), (0.5,), (0,), indices=indices)


def options(kind: str, **values: int) -> Any:
    made = getattr(schema, kind)()
    for name, value in values.items():
        assert hasattr(made, name)
        setattr(made, name, value)
    return made


POOL, CONV = "Pool2DOptionsT", "Conv2DOptionsT"
IMAGE = tensor(1, 8, 8, 6)


@pytest.mark.parametrize(
    ("name", "inputs", "output", "chosen", "maps"),
    [
        ("ADD", [IMAGE, IMAGE], IMAGE, None, "yes"),
        ("AVERAGE_POOL_2D", [IMAGE], IMAGE, options(POOL, fusedActivationFunction=0), "yes"),
        ("AVERAGE_POOL_2D", [IMAGE], IMAGE, options(POOL, fusedActivationFunction=1), "no"),
        ("CONV_2D", [IMAGE], IMAGE, options(CONV, dilationWFactor=2, dilationHFactor=2), "yes"),
        ("CONV_2D", [IMAGE], IMAGE, options(CONV, dilationWFactor=2, dilationHFactor=1), "no"),
        ("CONCATENATION", [IMAGE, IMAGE, IMAGE], IMAGE, None, "yes"),
        ("CONCATENATION", [IMAGE, tensor(1, 8, 8, 6, constant=True)], IMAGE, None, "maybe"),
        ("CONCATENATION", [IMAGE, IMAGE, tensor(1, constant=True)], IMAGE, None, "no"),
        ("FULLY_CONNECTED", [tensor(1, 9)], tensor(1, 7), None, "yes"),
        ("FULLY_CONNECTED", [tensor(4, 9)], tensor(4, 7), None, "no"),
        (
            "FULLY_CONNECTED",
            [tensor(1, 9)],
            tensor(1, 7),
            options("FullyConnectedOptionsT", weightsFormat=1),
            "no",
        ),
        (
            "FULLY_CONNECTED",
            [tensor(1, 9), Tensor("w", (7, 9), "INT8", True, (0.1,) * 7, (0,) * 7)],
            tensor(1, 7),
            None,
            "no",
        ),
        ("MEAN", [IMAGE, tensor(2, indices=(1, 2))], tensor(1, 6), None, "yes"),
        ("MEAN", [IMAGE, tensor(1, indices=(3,))], tensor(1, 8, 8), None, "no"),
        ("MEAN", [tensor(1, 8, 8, 12), tensor(1, indices=(-1,))], tensor(1, 8, 8), None, "yes"),
        ("MEAN", [IMAGE, tensor(2, indices=(0, 1))], tensor(8, 6), None, "no"),
        ("MEAN", [IMAGE, tensor(2)], tensor(1, 6), None, "no"),
        ("SUM", [IMAGE, tensor(1, indices=(3,))], tensor(1, 8, 8), None, "yes"),
        ("SUM", [IMAGE, tensor(1, indices=(-4,))], tensor(8, 8, 6), None, "no"),
        ("PAD", [IMAGE, tensor(4, 2, indices=(0, 0, 1, 1, 1, 1, 0, 0))], IMAGE, None, "yes"),
        ("PAD", [IMAGE, tensor(4, 2, indices=(1, 0, 1, 1, 1, 1, 0, 0))], IMAGE, None, "no"),
        ("PACK", [tensor(8, 8)], tensor(1, 8, 8), options("PackOptionsT", axis=0), "no"),
        ("PACK", [tensor(8, 8)], tensor(8, 1, 8), options("PackOptionsT", axis=1), "yes"),
        ("SPLIT", [tensor(1, indices=(3,)), IMAGE], IMAGE, None, "yes"),
        ("SPLIT", [tensor(1, indices=(-4,)), IMAGE], IMAGE, None, "no"),
        ("PRELU", [IMAGE, tensor(1, 1, 6, constant=True)], IMAGE, None, "yes"),
        ("PRELU", [IMAGE, tensor(8, 8, 6, constant=True)], IMAGE, None, "no"),
        ("RESIZE_BILINEAR", [IMAGE], IMAGE, None, "maybe"),
        ("SOFTMAX", [tensor(1, 16_000)], tensor(1, 16_000), None, "yes"),
        ("SOFTMAX", [tensor(1, 16_001)], tensor(1, 16_001), None, "no"),
        ("SOFTMAX", [tensor(1, 2, 7)], tensor(1, 2, 7), None, "no"),
        ("STRIDED_SLICE", [IMAGE, IMAGE, IMAGE, tensor(2, indices=(1, 1))], IMAGE, None, "yes"),
        ("STRIDED_SLICE", [IMAGE, IMAGE, IMAGE, tensor(2, indices=(1, 2))], IMAGE, None, "no"),
        (
            "STRIDED_SLICE",
            [IMAGE, IMAGE, IMAGE, tensor(2, indices=(1, 1))],
            IMAGE,
            options("StridedSliceOptionsT", newAxisMask=1),
            "no",
        ),
    ],
)
def test_a_documented_limitation_is_applied(
    name: str, inputs: list[Tensor], output: Tensor, chosen: Any, maps: str
) -> None:
    verdict = OPERATORS[name](Operator(name, tuple(inputs), (output,), options=chosen))
    assert verdict.maps == maps
    assert bool(verdict.why_not) == (maps != "yes")


def test_every_operator_of_the_tables_is_in_the_schema() -> None:
    known = vars(schema.BuiltinOperator)
    assert not [name for name in (*OPERATORS, *UNREADABLE_FROM) if name not in known]
