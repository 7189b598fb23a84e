import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from fer_edge.evaluation.card_check import faults_of_path
from fer_edge.faces.faceset import save_faceset
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models, find_model
from fer_edge.model.card import CardScore, Compilation, InputSpec, ModelCard, Quantization
from fer_edge.model.file import pack_model, read_model, write_model
from tests.support.cartoons import draw_face, make_faces
from tests.support.clear_line import assert_one_clear_line
from tests.support.graph_edits import dense_float_model, make_edgetpu_file

Invoke = Callable[..., Result]
MODEL = read_model(find_model(DEFAULT_MODEL))
LABELS = ",".join(MODEL.card.labels)
EXTREMES = ("nan", "inf", "-inf", "1e300", "0", "-1")
SCORE = CardScore("served", "validation", 10, 0.5, 10, 0.5, 0.5, 0.5, 0.1, (0.5,) * 7)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    path = tmp_path / "copy.tflite"
    path.write_bytes(MODEL.path.read_bytes())
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Write the bundled model without its card, as a file from elsewhere."""
    path = tmp_path / "bare.tflite"
    path.write_bytes(MODEL.flatbuffer)
    return path


def with_card(path: Path, card: ModelCard, flatbuffer: bytes = MODEL.flatbuffer) -> Path:
    write_model(path, flatbuffer, card)
    return path


def test_show_prints_the_card(fer_edge: Invoke, copy: Path) -> None:
    text = fer_edge("card", "show", copy, DEFAULT_MODEL).stdout
    assert f"{copy.stem}\n" in text
    assert f"\n{DEFAULT_MODEL}\n" in text
    assert f"  expressions   {', '.join(MODEL.card.labels)}" in text
    shown = json.loads(fer_edge("card", "show", DEFAULT_MODEL, "--json").stdout)
    assert shown["sha256"] == MODEL.card.sha256
    assert shown["path"] == str(MODEL.path)
    both = fer_edge("card", "show", copy, DEFAULT_MODEL, "--json").stdout
    assert json.loads(both)[1] == shown


def test_without_a_unique_face_there_is_no_accuracy_on_unique_ones(
    fer_edge: Invoke, tmp_path: Path
) -> None:
    score = replace(SCORE, n_without_duplicates=0)
    path = with_card(tmp_path / "m.tflite", replace(MODEL.card, scores=(score,)))
    shown = fer_edge("card", "show", path).stdout
    assert "50.00% on 10 validation faces (- without training duplicates" in shown


def test_verify_finds_the_bundled_models_sound(fer_edge: Invoke) -> None:
    result = fer_edge("card", "verify", *bundled_models())
    assert result.exit_code == 0
    assert result.stdout == "".join(f"{name}: ok\n" for name in bundled_models())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"labels": ("sad", "happy"), "scores": (), "logit_offsets": ()},
            "the output is (1, 7), the card has 2 labels: sad, happy",
        ),
        (
            {"input": InputSpec(64, 48)},
            "the input is (1, 48, 48, 1), the card states (1, 64, 48, 1)",
        ),
        ({"input": InputSpec(48, 48, maximum=2.0)}, "from 0.0 to 2.0"),
        ({"macs": 5}, f"the card states {MODEL.card.parameters:,} and 5"),
        ({"quantization": Quantization("float32", "none")}, "the card states float32"),
    ],
)
def test_verify_tells_where_card_and_graph_differ(
    fer_edge: Invoke, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    path = with_card(tmp_path / "m.tflite", replace(MODEL.card, **change))  # type: ignore[arg-type]
    assert_one_clear_line(fer_edge("card", "verify", path), str(path), words)


def test_verify_gives_every_fault_a_line_and_goes_on(
    fer_edge: Invoke, tmp_path: Path, copy: Path, bare: Path
) -> None:
    wrong = replace(MODEL.card, labels=("sad", "happy"), scores=(), logit_offsets=(), macs=1)
    bad = with_card(tmp_path / "bad.tflite", wrong)
    data = bytearray(MODEL.path.read_bytes())
    data[500_000] ^= 1
    altered = tmp_path / "altered.tflite"
    altered.write_bytes(data)
    result = fer_edge("card", "verify", bad, altered, "nothere", bare, copy)
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    assert all(line.startswith("fer-edge: error: ") for line in lines)
    for line, words in zip(
        lines,
        ["2 labels", f"{MODEL.card.parameters:,} and 1", "altered", "'nothere'", "no card"],
        strict=True,
    ):
        assert words in line
    assert result.stdout == f"{copy}: ok\n"


def test_verify_takes_a_compiled_file_whose_operators_are_hidden(tmp_path: Path) -> None:
    card = replace(MODEL.card, compilation=Compilation("edgetpu", "some compiler", "00"))
    flatbuffer = make_edgetpu_file(MODEL.flatbuffer)
    assert faults_of_path(with_card(tmp_path / "m.tflite", card, flatbuffer)) == ()
    assert faults_of_path(with_card(tmp_path / "m.tflite", MODEL.card, flatbuffer)) != ()


def test_edit_changes_what_was_asked_and_nothing_else(
    fer_edge: Invoke, copy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new.tflite"
    result = fer_edge(
        *("card", "edit", copy, "--set", "name=lobby", "--set", "limits=Night: a=b."),
        *("--set", "input.crop.side=1.1", "--out", out),
    )
    assert result.exit_code == 0, result.output
    old, new = MODEL.card, read_model(out).card
    assert (new.name, new.limits, new.input.crop.side) == ("lobby", "Night: a=b.", 1.1)
    crop = replace(new.input.crop, side=old.input.crop.side)
    restored = replace(new, name=old.name, limits=old.limits, input=replace(new.input, crop=crop))
    assert restored == old
    assert read_model(out).flatbuffer == MODEL.flatbuffer
    assert copy.read_bytes() == MODEL.path.read_bytes()


def test_edit_in_place_wants_to_be_told(fer_edge: Invoke, copy: Path) -> None:
    before = copy.read_bytes()
    result = fer_edge("card", "edit", copy, "--set", "name=x")
    assert_one_clear_line(result, "already exists", "--overwrite")
    assert copy.read_bytes() == before
    assert fer_edge("card", "edit", copy, "--set", "name=x", "--overwrite").exit_code == 0
    assert read_model(copy).card.name == "x"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("nme=x", ["unknown key 'nme'", "did you mean 'name'?"]),
        ("intended-use=x", ["did you mean 'intended_use'?"]),
        ("crop.side=1", ["did you mean 'input.crop.side'?"]),
        ("zzz=1", ["unknown key 'zzz'; keys: name, intended_use"]),
        ("sha256=00", ["'sha256' is measured, computed or recorded, not edited"]),
        ("scores=[]", ["not edited"]),
        ("agreement.top1=1", ["not edited"]),
        ("data.digest=x", ["not edited"]),
        ("labels=a", ["--labels"]),
        ("temperature=1", ["fitted, not edited", "card calibrate"]),
        ("temperature_scaling.value=1", ["fitted, not edited", "card calibrate"]),
        ("name", ["does not have the form KEY=VALUE"]),
        ("input.crop.side=wide", ["'input.crop.side' is 'wide', expected a number"]),
        *((f"input.crop.side={text}", ["the crop's side is", "0.1 to 10"]) for text in EXTREMES),
        ("input.crop.center_x=nan", ["the crop's center_x is nan", "-1 to 2"]),
        ("input.crop.center_y=1e300", ["the crop's center_y is 1e+300", "-1 to 2"]),
        ("input.light=unchanged", ["scores were measured with input.light corrected"]),
    ],
)
def test_a_key_that_cannot_be_edited_is_one_clear_line(
    fer_edge: Invoke, copy: Path, setting: str, words: list[str]
) -> None:
    before = copy.read_bytes()
    result = fer_edge("card", "edit", copy, "--set", setting, "--overwrite")
    assert_one_clear_line(result, *words)
    assert copy.read_bytes() == before


def test_edit_renames_labels_but_does_not_move_them(fer_edge: Invoke, copy: Path) -> None:
    german = ("wütend", "Ekel", "Angst", "fröhlich", "traurig", "überrascht", "neutral")
    edit = ("card", "edit", copy, "--overwrite", "--labels")
    assert fer_edge(*edit, ",".join(german)).exit_code == 0
    assert read_model(copy).card.labels == german
    moved = ",".join((german[1], german[0], *german[2:]))
    assert_one_clear_line(fer_edge(*edit, moved), "'Ekel' would move", "scores")
    assert_one_clear_line(fer_edge(*edit, "a,b"), "got 2 labels, expected 7: wütend")
    assert_one_clear_line(fer_edge(*edit, "a,a,c,d,e,f,g"), "different names")
    assert read_model(copy).card.labels == german


def test_nothing_to_change_is_a_usage_error(fer_edge: Invoke, copy: Path) -> None:
    result = fer_edge("card", "edit", copy, "--overwrite")
    assert result.exit_code == 2
    assert "--set" in result.stderr


def test_a_file_from_elsewhere_is_served_with_an_attached_card(
    fer_edge: Invoke, bare: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.tflite"
    result = fer_edge("card", "attach", bare, "--labels", LABELS, "--out", out)
    assert result.exit_code == 0, result.output
    card = read_model(out).card
    assert (card.name, card.architecture, card.labels) == ("mine", "unknown", MODEL.card.labels)
    assert (card.input.minimum, card.input.maximum) == (0.0, 1.0)
    assert (card.parameters, card.macs) == (MODEL.card.parameters, MODEL.card.macs)
    assert card.scores == ()
    assert "not stated" in card.license.lower()
    assert faults_of_path(out) == ()
    face = draw_face(3, 0)[..., np.newaxis]
    with open_model(out) as model, open_model(MODEL.path) as original:
        raw = [opened.invoke(opened.prepare(face)) for opened in (model, original)]
        np.testing.assert_array_equal(*raw)


def test_attach_checks_the_labels_against_the_output(fer_edge: Invoke, bare: Path) -> None:
    result = fer_edge("card", "attach", bare, "--labels", "sad, happy", "--overwrite")
    assert result.exit_code == 2
    assert_one_clear_line(result, "got 2 labels (sad, happy), expected 7, one for each output")
    assert bare.read_bytes() == MODEL.flatbuffer


def test_attach_refuses_a_file_that_has_a_card(fer_edge: Invoke, copy: Path) -> None:
    result = fer_edge("card", "attach", copy, "--labels", LABELS, "--overwrite")
    assert_one_clear_line(result, "already has a card", "card edit")


def test_a_float_models_range_must_be_stated(fer_edge: Invoke, tmp_path: Path) -> None:
    path, out = tmp_path / "float.tflite", tmp_path / "out.tflite"
    path.write_bytes(dense_float_model())
    attach = ("card", "attach", path, "--labels", "a,b,c", "--out", out)
    assert_one_clear_line(fer_edge(*attach), "float32", "--input-range 0,1 or -1,1")
    for wrong in ("1,0", "nan,1", "1"):
        assert "black below white" in fer_edge(*attach, "--input-range", wrong).stderr
    assert not out.exists()
    assert fer_edge(*attach, "--input-range", "0,1").exit_code == 0
    assert read_model(out).card.quantization == Quantization("float32", "none")


@pytest.mark.parametrize("option", ["--name", "--license", "--architecture"])
def test_a_text_that_is_not_utf8_is_refused(fer_edge: Invoke, bare: Path, option: str) -> None:
    out = bare.with_name("out.tflite")
    attach = ("card", "attach", bare, "--labels", LABELS, "--out", out, option, "\udcff")
    assert_one_clear_line(fer_edge(*attach), f"the card's {option[2:]} is", "printable")
    edit = ("card", "edit", DEFAULT_MODEL, "--out", out, "--set", "name=")
    assert_one_clear_line(fer_edge(*edit), "the card's name is ''")
    assert not out.exists()


def test_an_archive_of_somebody_else_makes_way_for_the_card(fer_edge: Invoke, bare: Path) -> None:
    import zipfile

    with zipfile.ZipFile(bare, "a") as archive:
        archive.writestr("labels.txt", "one\ntwo\n")
    result = fer_edge("card", "attach", bare, "--labels", LABELS, "--overwrite")
    assert result.exit_code == 0, result.output
    card = replace(read_model(bare).card, sha256="")
    assert bare.read_bytes() == pack_model(MODEL.flatbuffer, card)


def test_a_bundled_models_card_is_edited_into_a_file_of_ones_own(fer_edge, tmp_path):
    path = tmp_path / "lobby.tflite"
    result = fer_edge("card", "edit", "tiny", "--set", "name=lobby", "--out", path)
    assert result.exit_code == 0, result.output
    assert read_model(path).card.name == "lobby"


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_a_bundled_model_is_never_overwritten(fer_edge, tmp_path, overwrite):
    before = find_model("tiny").read_bytes()
    data = tmp_path / "faces.npz"
    save_faceset(make_faces(), data)
    for command in (("edit", "tiny", "--set", "name=x"), ("calibrate", "tiny", "--data", data)):
        result = fer_edge("card", *command, *overwrite)
        assert_one_clear_line(result, "tiny is a bundled model", "--out FILE")
        assert result.exit_code == 2
    assert find_model("tiny").read_bytes() == before
