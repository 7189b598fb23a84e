"""The Python interface of the conversion: fer_edge.converters.convert."""

import inspect
import subprocess
import sys
from dataclasses import fields

import pytest

pytest.importorskip("keras", reason="Keras is not installed (fer-edge[train])")

import fer_edge.converters as converters
from fer_edge.converters import Claims, Exceptions, Gate, Options, convert, load_faceset
from fer_edge.converters.command import convert as command
from fer_edge.converters.options import CLIP_PERCENTILES, VARIANTS
from fer_edge.converters.sources.claims import SIZES_PX
from fer_edge.errors import ConfigError, PluginError
from fer_edge.inference.model import open_model
from fer_edge.model.file import read_model

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


def test_it_takes_what_the_command_takes():
    options = {parameter.name for parameter in command.params}
    settings = {field.name for part in (Options, Exceptions, Claims) for field in fields(part)}
    arguments = {*inspect.signature(convert).parameters, *settings}
    assert options - arguments == {
        *VARIANTS,  # `variants`
        *("max_drop_points", "min_agreement_percent"),  # `gate`
        *("edgetpu", "c_array"),  # `targets`
        "trust_claims",  # `are_checked`
        "as_json",  # the results
    }
    assert settings - options - {"variants", "gate", "exceptions", "are_checked"} == set()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Exceptions(clip_percentile=500),
            "'clip_percentile' is 500, expected .* 50 to 100",
        ),
        (lambda: Exceptions(clip_percentile=50), "expected a number above 50 to 100"),
        (lambda: Exceptions(keep_float="conv1"), "expected a tuple of names"),
        (
            lambda: Options(gate=Gate(min_agreement=90)),
            "'gate.min_agreement' is 90, expected a number from 0 to 1",
        ),
        (
            lambda: Options(gate=Gate(max_drop_points=-1)),
            "'gate.max_drop_points' is -1, expected .* from 0 to 100",
        ),
        (lambda: Claims(("a",)), "1 labels, 1 of them different; expected 2"),
        (lambda: Claims(("a", "a")), "expected 2 to 10000 different names"),
        (
            lambda: Claims(("a", "b"), size_px=1),
            "'size_px' is 1, expected a whole number from 8 to",
        ),
    ],
)
def test_numbers_that_the_command_refuses_are_refused_in_python(make, words):
    with pytest.raises(ConfigError, match=words):
        make()


def test_the_ranges_of_the_command_are_those_of_python():
    ranges = {
        item.name: (item.type.min, item.type.max) for item in command.params if _has_range(item)
    }
    assert ranges["clip_percentile"] == CLIP_PERCENTILES
    assert ranges["size_px"] == SIZES_PX


def _has_range(parameter):
    return hasattr(parameter.type, "max")


def test_what_does_not_fit_the_source_is_a_wrong_option(trained, tmp_path, fer_edge):
    run, data = trained
    attempt = ("convert", run, "--float32", "--int8", "--data", data, "--out", tmp_path)
    for wrong in (("--keep-float", "nolayer"), ("--logit-offset", "nope=1")):
        assert fer_edge(*attempt, *wrong).exit_code == 2
    with pytest.raises(ConfigError, match="expected one output of 2 classes"):
        convert(run / "model.keras", data, tmp_path, claims=Claims(("a", "b")))


def test_without_options_a_run_becomes_int8_files():
    assert Options().variants == ("int8",)
    assert inspect.signature(convert).parameters["options"].default == Options()


def test_options_do_everything_that_the_command_does(trained, tmp_path, fer_edge):
    run, data = trained
    options = Options(
        gate=Gate(max_drop_points=100.0),
        logit_offsets={"sad": 1.5},
        layer_report=True,
        targets=("c-array",),
        light="unchanged",
    )
    files = convert(run, data, tmp_path / "python", options)
    done = fer_edge(
        *("convert", run, "--int8", "--data", data, "--out", tmp_path / "command"),
        *("--max-drop", "100", "--logit-offset", "sad=1.5", "--layer-report", "--c-array"),
        *("--light", "unchanged"),
    )
    assert done.exit_code == 0, done.output
    made = {path.name: path for path in (tmp_path / "python").iterdir()}
    by_command = {path.name: path for path in (tmp_path / "command").iterdir()}
    assert set(made) == set(by_command)
    for name in made:
        is_equal = made[name].read_bytes() == by_command[name].read_bytes()
        assert is_equal or name.endswith(".png"), name
    for file in files:
        card = read_model(file.path).card
        assert (card.logit_offsets, card.input.light) == ((0, 0, 0, 0, 1.5, 0, 0), "unchanged")
        assert file.layers is not None and file.layers.layers[0].layer
        assert file.path.with_name(f"{file.path.stem}-layers.png").exists()
        (text,) = file.target_reports
        assert text.replace(str(tmp_path / "python"), str(tmp_path / "command")) in done.output


def test_a_float_file_has_no_layer_report_and_no_files_of_targets(trained, tmp_path):
    options = Options(("float32",), layer_report=True, targets=("c-array",))
    (file,) = convert(*trained, tmp_path, options)
    assert file.layers is None
    assert file.target_reports == ()
    assert [path.name for path in tmp_path.iterdir()] == ["cartoons-float32.tflite"]


def test_an_unknown_target_is_refused_before_any_work(trained, tmp_path):
    with pytest.raises(PluginError, match="'edgetpi' does not exist"):
        convert(*trained, tmp_path / "out", Options(targets=("edgetpi",)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"variants": "int8"}, "variants is 'int8', expected a tuple"),
        ({"variants": ()}, "expected a tuple"),
        ({"variants": ("fp16",)}, "'fp16', expected one of float32, float16"),
        ({"variants": ("INT8",)}, "'INT8', expected one of"),
        ({"input_type": "float32"}, "input_type is 'float32', expected one of uint8, int8"),
        ({"output_type": None}, "output_type is None, expected one of uint8, int8"),
        ({"calibration_faces": 0}, "'calibration_faces' is 0, expected a whole number from 1"),
        ({"calibration_faces": 1.5}, "'calibration_faces' is 1.5, expected"),
        ({"calibration_seed": -1}, "'calibration_seed' is -1, expected a whole number from 0"),
        ({"light": "brighter"}, "light is 'brighter', expected one of corrected"),
        ({"targets": "edgetpu"}, "targets is 'edgetpu', expected a tuple"),
        ({"logit_offsets": ("sad", 1.0)}, "expected numbers from -100 to 100 by class"),
        ({"logit_offsets": {"sad": float("nan")}}, "expected numbers from -100 to 100 by class"),
        ({"logit_offsets": {"sad": 100.1}}, "expected numbers from -100 to 100 by class"),
        ({"logit_offsets": {"sad": -(10**400)}}, "expected numbers from -100 to 100 by class"),
        ({"logit_offsets": {"sad": "1"}}, "logit_offsets is {'sad': '1'}, expected"),
    ],
)
def test_an_option_that_is_unknown_is_refused(settings, words):
    with pytest.raises(ConfigError) as caught:
        Options(**settings)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"labels": "angry,happy"}, "labels is 'angry,happy', expected a tuple"),
        ({"labels": (1, 2)}, "labels is (1, 2), expected a tuple"),
        ({"input_range": (0.0, float("inf"))}, "input_range is (0.0, inf), expected"),
        ({"input_range": (float("nan"), 1.0)}, "black below white"),
        ({"input_range": ("0", "1")}, "black below white"),
        ({"input_range": 1.0}, "black below white"),
        ({"size_px": 0}, "'size_px' is 0, expected a whole number from 8"),
    ],
)
def test_a_claim_that_no_network_can_meet_is_refused(settings, words):
    with pytest.raises(ConfigError) as caught:
        Claims(**{"labels": ("a", "b"), **settings})
    assert words in str(caught.value)


def test_lists_of_names_are_taken_as_tuples():
    assert Options(variants=["int8", "float32", "int8"]).variants == ("int8", "float32")
    assert hash(Claims(["a", "b"])) == hash(Claims(("a", "b")))


def test_claims_are_for_other_projects_networks(trained, tmp_path):
    run, data = trained
    with pytest.raises(ConfigError, match="expected no claims"):
        convert(run, data, tmp_path, LOOSE, claims=Claims(("a", "b")))
    foreign = tmp_path / "theirs.keras"
    foreign.write_bytes((run / "model.keras").read_bytes())
    with pytest.raises(ConfigError, match="expected claims"):
        convert(foreign, data, tmp_path, LOOSE)
