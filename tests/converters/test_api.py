"""The Python interface of the conversion: fer_edge.converters.convert."""

import subprocess
import sys

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

import fer_edge.converters as converters
from fer_edge.converters import Claims, Gate, Options, convert, load_faceset
from fer_edge.errors import ModelError
from fer_edge.inference.model import open_model

pytestmark = pytest.mark.train

LOOSE = Options(variants=("int8", "float32"), gate=Gate(max_drop_points=100))


def test_the_package_loads_nothing_before_its_names_are_used():
    code = "import sys, fer_edge.converters; print([n for n in sys.modules if 'tensor' in n])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert converters.__all__ == sorted(converters.__all__)
    for name in converters.__all__:
        assert getattr(converters, name) is not None


def test_a_run_becomes_files_by_its_folder_or_the_network_in_it(trained, tmp_path):
    run, data = trained
    begun = []
    files = convert(run, data, tmp_path / "a", LOOSE, on_variant=begun.append)
    assert [file.path.name for file in files] == [
        *("cartoons-float32.tflite", "cartoons-int8-ptq.tflite", "cartoons-int8-qat.tflite")
    ]
    assert begun == ["float32", "int8-ptq", "int8-qat"]
    with open_model(files[1].path) as model:
        assert model.labels == load_faceset(data).class_names
    again = convert(str(run / "model.keras"), load_faceset(data), str(tmp_path / "b"), LOOSE)
    assert again[1].path.read_bytes() == files[1].path.read_bytes()


def test_claims_are_for_other_projects_networks(trained, tmp_path):
    run, data = trained
    with pytest.raises(ModelError, match="expected no claims"):
        convert(run, data, tmp_path, LOOSE, claims=Claims(("a", "b")))
    foreign = tmp_path / "theirs.keras"
    foreign.write_bytes((run / "model.keras").read_bytes())
    with pytest.raises(ModelError, match="expected claims"):
        convert(foreign, data, tmp_path, LOOSE)
