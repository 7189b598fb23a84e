"""Compiling for the Edge TPU.

The real compiler runs on x86-64 Debian and comes from Google's own repository. One test uses it if
it is installed. The other tests use a STAND-IN: a script of the same name that accepts the
documented options and writes the documented files. It tests our code only, not the real compiler.
"""

import hashlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fer_edge.converters.devices.edgetpu import check
from fer_edge.converters.devices.edgetpu_compiler import (
    COMPILER,
    compile_detector,
    compile_for_edgetpu,
)
from fer_edge.detector.file import bundled_detectors, read_detector
from fer_edge.errors import DetectorError, MissingExtraError, ModelError, OutputError
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from fer_edge.model.graph import read_graph
from fer_edge.runtime.detection.opening import open_detector

MODEL = find_model("tiny")
ROOT = Path(__file__).resolve().parents[3]

STAND_IN = """#!{python}
import argparse, pathlib, sys
sys.path.insert(0, {root!r})
parser = argparse.ArgumentParser()
parser.add_argument("-s", "--show_operations", action="store_true")
parser.add_argument("-o", "--out_dir", default=".")
parser.add_argument("model")
options = parser.parse_args()
source, out = pathlib.Path(options.model), pathlib.Path(options.out_dir)
print("Edge TPU Compiler version 16.0.384591198")
{body}
"""
COMPILES = """
from tests.support.graph_edits import make_edgetpu_file
target = out / (source.stem + "_edgetpu.tflite")
target.write_bytes(make_edgetpu_file(source.read_bytes()))
table = "Operator                       Count      Status\\n\\nCONV_2D  5  Mapped to Edge TPU\\n"
(out / (source.stem + "_edgetpu.log")).write_text(table)
print("Model compiled successfully in 5 ms.", "Input model: " + options.model, sep="\\n")
"""
# messages copied from google-coral/edgetpu issue 631
REFUSES = """
print("ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'.", file=sys.stderr)
print("ERROR: Registration failed.", file=sys.stderr)
print("Invalid model: " + options.model, "Model could not be parsed", sep="\\n")
sys.exit(1)
"""
MAPS_NOTHING = """
(out / (source.stem + "_edgetpu.tflite")).write_bytes(source.read_bytes())
"""

Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that puts a stand-in on PATH; its argument is the end of the script."""

    def write(body: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / COMPILER
        program.write_text(STAND_IN.format(python=sys.executable, root=str(ROOT), body=body))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))

    return write


def test_a_compiled_file_has_its_card_and_log(install: Install, tmp_path: Path) -> None:
    install(COMPILES)
    done = compile_for_edgetpu(MODEL, tmp_path / "tiny_edgetpu.tflite")
    before, after = read_model(MODEL), read_model(done.path)
    assert check(after.flatbuffer).rows[0].operator == "edgetpu-custom-op"
    card = after.card
    assert card.sha256 == hashlib.sha256(after.flatbuffer).hexdigest() != before.card.sha256
    assert (card.labels, card.input, card.data) == (
        before.card.labels,
        before.card.input,
        before.card.data,
    )
    assert card.compilation is not None
    assert card.compilation.compiler == "Edge TPU Compiler version 16.0.384591198"
    assert card.compilation.source_sha256 == before.card.sha256
    # the scores of the source file do not apply to the compiled file
    assert {score.variant for score in card.scores} == {"float"}
    assert card.agreement is None
    assert done.log_path == tmp_path / "tiny_edgetpu.log"
    log = done.log_path.read_text()
    assert log == done.log
    assert "Mapped to Edge TPU" in log
    assert "Input model: tiny.tflite" in log


def test_a_compiled_file_without_its_device_says_what_to_pass(
    install: Install, tmp_path: Path
) -> None:
    install(COMPILES)
    done = compile_for_edgetpu(MODEL, tmp_path / "out.tflite")
    with pytest.raises(ModelError, match=r"edgetpu-custom-op.*--delegate edgetpu"):
        open_model(done.path)


def test_a_face_detector_of_one_size_is_compiled_and_keeps_its_card(
    install: Install, tmp_path: Path
) -> None:
    install(COMPILES)
    source = bundled_detectors()["yunet-320x192"]
    done = compile_detector(source, tmp_path / "yunet_edgetpu.tflite")
    before, after = read_detector(source), read_detector(done.path)
    assert check(after.flatbuffer).rows[0].operator == "edgetpu-custom-op"
    compilation = after.card.compilation
    assert compilation is not None
    assert compilation.source_sha256 == before.card.sha256 != after.card.sha256
    assert (after.card.heads, after.card.input) == (before.card.heads, before.card.input)
    with pytest.raises(DetectorError, match="--detector-delegate edgetpu"):
        open_detector("yunet", done.path)
    with pytest.raises(ModelError, match="accepts any input size; expected a fixed one"):
        compile_detector(bundled_detectors()["yunet"], tmp_path / "any.tflite")


def test_existing_files_are_kept_unless_told(install: Install, tmp_path: Path) -> None:
    install(COMPILES)
    out = tmp_path / "out.tflite"
    (tmp_path / "out.log").write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        compile_for_edgetpu(MODEL, out)
    assert not out.exists()
    compile_for_edgetpu(MODEL, out, overwrite=True)
    assert read_model(out).card.name == "out"


def test_what_the_compiler_complains_of_is_told(install: Install, tmp_path: Path) -> None:
    install(REFUSES)
    with pytest.raises(ModelError, match=r"'CONV_2D' version '6'.*could not be parsed.*code 1"):
        compile_for_edgetpu(MODEL, tmp_path / "out.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_a_file_without_a_mapped_operator_is_refused(install: Install, tmp_path: Path) -> None:
    install(MAPS_NOTHING)
    with pytest.raises(ModelError, match="did not map any operator"):
        compile_for_edgetpu(MODEL, tmp_path / "out.tflite")


def test_a_missing_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match=r"edgetpu_compiler is not installed.*x86-64"):
        compile_for_edgetpu(MODEL, tmp_path / "out.tflite")


@pytest.mark.skipif(
    shutil.which(COMPILER) is None, reason=f"Google's {COMPILER} is not installed (x86-64 Debian)"
)
def test_the_real_compiler_maps_what_the_check_says(tmp_path: Path) -> None:
    done = compile_for_edgetpu(MODEL, tmp_path / "out.tflite")
    report = check(read_model(MODEL).flatbuffer)
    assert "Mapped to Edge TPU" in done.log
    assert len(read_graph(read_model(done.path).flatbuffer).operators) == 1 + report.count("no")
