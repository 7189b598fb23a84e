"""C arrays, compiled by this machine's C compilers, and arenas, measured by tflite-micro."""

import importlib.util
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.converters.devices import microcontroller
from fer_edge.converters.devices.microcontroller import (
    arena_bytes,
    resolver_calls,
    to_c_array,
    write_c_array,
)
from fer_edge.errors import MissingExtraError, ModelError, OutputError
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from fer_edge.model.graph import Graph, Operator, read_graph
from tests.support.cartoons import draw_face
from tests.support.graph_edits import (
    dense_float_model,
    make_edgetpu_file,
    rebuild,
    replace_operator,
)

MODEL = read_model(find_model("tiny"))

needs_tflite_micro = pytest.mark.skipif(
    importlib.util.find_spec("tflite_micro") is None,
    reason="tflite-micro is not installed (fer-edge[micro], x86-64 Linux)",
)


@pytest.fixture(scope="module")
def arena() -> int:
    return arena_bytes(MODEL.flatbuffer)


@needs_tflite_micro
def test_the_measured_arena_is_enough_and_no_larger(arena: int) -> None:
    from tflite_micro import runtime

    assert arena % 16 == 0
    interpreter = runtime.Interpreter.from_bytes(MODEL.flatbuffer, arena_size=arena)
    spec = MODEL.card.input
    interpreter.set_input(np.zeros((1, spec.height, spec.width, 1), np.uint8), 0)
    interpreter.invoke()
    command = [sys.executable, "-m", "fer_edge.converters.devices.arena_probe", str(arena - 64)]
    smaller = subprocess.run(command, input=MODEL.flatbuffer, capture_output=True, check=False)
    assert smaller.returncode != 0
    assert b"ailed to allocate" in smaller.stderr


@needs_tflite_micro
def test_tflite_micro_answers_as_litert_does(arena: int) -> None:
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(MODEL.flatbuffer, arena_size=arena)
    noise = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    clear = 0
    with open_model(MODEL.path) as model:
        for face in (*(draw_face(label, 0) for label in range(7)), noise):
            tensor = model.prepare(face[..., np.newaxis])
            interpreter.set_input(tensor, 0)
            interpreter.invoke()
            micro, lite = interpreter.get_output(0)[0].astype(int), model.invoke(tensor)
            # the reference kernels round differently from XNNPACK; on 300 real faces the largest
            # difference was 11 steps of 1/256
            assert np.abs(micro - lite).max() <= 16
            second, first = np.sort(lite.astype(int))[-2:]
            if first - second > 8:  # a cartoon between two expressions may get either label
                assert micro.argmax() == lite.argmax()
                clear += 1
    assert clear >= 6


@needs_tflite_micro
def test_an_operator_that_tflite_micro_lacks_is_named() -> None:
    strange = rebuild(MODEL.flatbuffer, lambda m: replace_operator(m, 4, "LSH_PROJECTION"))
    with pytest.raises(ModelError, match="LSH_PROJECTION"):
        arena_bytes(strange)


@pytest.mark.slow
@needs_tflite_micro
def test_a_small_model_needs_a_small_arena(arena: int) -> None:
    assert 0 < arena_bytes(dense_float_model()) < 4096 < arena


def test_a_probe_that_does_not_end_is_refused_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microcontroller, "find_spec", lambda name: "there")
    monkeypatch.setattr(microcontroller, "TRIAL_PATIENCE_S", 0.0)
    with pytest.raises(ModelError, match="did not plan this model within 0 s"):
        arena_bytes(MODEL.flatbuffer)


def test_without_tflite_micro_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microcontroller, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"fer-edge\[micro\]"):
        arena_bytes(MODEL.flatbuffer)


PROGRAM = """
#include <stdint.h>
#include <stdio.h>
#include "tiny_faces.h"

int main(void) {
  fwrite(tiny_faces_model, 1, tiny_faces_model_size, stdout);
  fprintf(stderr, "%d %d %d\\n", (int)((uintptr_t)tiny_faces_model % 16), TINY_FACES_CLASSES,
          TINY_FACES_ARENA_BYTES);
  for (int i = 0; i < TINY_FACES_CLASSES; ++i) fprintf(stderr, "%s\\n", tiny_faces_labels[i]);
  return 0;
}
"""


@needs_tflite_micro  # a header with an arena names the version that measured it
@pytest.mark.parametrize(
    ("compiler", "language"), [("cc", "c"), ("c++", "c++")], ids=["C11", "C++11"]
)
def test_the_array_compiles_to_the_very_flatbuffer(
    tmp_path: Path, compiler: str, language: str
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} on this machine")
    labels = ('"quoted"', "back\\slash", "traurig ü", "what??/", *MODEL.card.labels[4:])
    card = replace(MODEL.card, labels=labels, name="ends with a backslash \\")
    flatbuffer = dense_float_model(classes=7, side=5)
    array = to_c_array(flatbuffer, card, name="tiny-faces", arena=77_760)
    header, source = write_c_array(array, tmp_path)
    assert (header.name, source.name) == ("tiny_faces.h", "tiny_faces.c")
    main = tmp_path / "main.c"
    main.write_text(PROGRAM)
    standard = {"c": "-std=c11", "c++": "-std=c++11"}[language]
    program = tmp_path / "program"
    strict = ("-Wall", "-Wextra", "-Werror", "-pedantic")
    command = [compiler, "-x", language, standard, *strict, main, source, "-o", program]
    subprocess.run(command, check=True)
    done = subprocess.run([program], capture_output=True, check=True)
    assert done.stdout == flatbuffer
    numbers, *printed = done.stderr.decode("utf-8").splitlines()
    assert numbers == "0 7 77760"
    assert tuple(printed) == labels


@needs_tflite_micro
def test_the_header_says_what_the_firmware_must_know() -> None:
    array = to_c_array(MODEL.flatbuffer, MODEL.card, name="tiny-faces", arena=77_760)
    for words in (
        "// input   uint8 (1, 48, 48, 1), real = 0.00392156886 * (value - 0)",
        "// output  uint8 (1, 7), real = 0.00390625 * (value - 0)",
        "// labels  angry, disgust, fear, happy, sad, surprise, neutral",
        "// tflite::MicroMutableOpResolver<7> resolver;",
        "// resolver.AddMaxPool2D();",
        "#define TINY_FACES_ARENA_BYTES 77760",
        MODEL.card.sha256,
    ):
        assert words in array.header
    unknown = to_c_array(MODEL.flatbuffer, MODEL.card, name="4", arena=None)
    assert "arena   not measured" in unknown.header
    assert "ARENA_BYTES" not in unknown.header
    assert unknown.name == "model_4"


def test_existing_files_are_kept_unless_told(tmp_path: Path) -> None:
    array = to_c_array(dense_float_model(), MODEL.card, name="m", arena=None)
    (tmp_path / "m.c").write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        write_c_array(array, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["m.c"]
    write_c_array(array, tmp_path, overwrite=True)
    assert (tmp_path / "m.c").read_text() == array.source


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("CONV_2D", "AddConv2D"),
        ("DEPTHWISE_CONV_2D", "AddDepthwiseConv2D"),
        ("RELU6", "AddRelu6"),
        ("BATCH_MATMUL", "AddBatchMatMul"),
        ("UNIDIRECTIONAL_SEQUENCE_LSTM", "AddUnidirectionalSequenceLSTM"),
        ("L2_NORMALIZATION", "AddL2Normalization"),
        ("PADV2", "AddPadV2"),
        ("HARD_SWISH", "AddHardSwish"),
    ],
)
def test_an_operator_has_its_name_in_the_resolver(name: str, call: str) -> None:
    operator: Any = Operator(name, (), ())
    assert resolver_calls(Graph((operator, operator))) == (call,)


def test_a_file_compiled_for_the_edge_tpu_is_refused() -> None:
    compiled = make_edgetpu_file(MODEL.flatbuffer)
    with pytest.raises(ModelError, match="edgetpu-custom-op"):
        resolver_calls(read_graph(compiled))
