import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.errors import ModelError
from fer_edge.evaluation.card_check import faults_of_path
from fer_edge.inference.model import open_model
from fer_edge.limits import MEMORY_VARIABLE
from fer_edge.model.bundled import bundled_models
from fer_edge.model.card_edit import new_card
from fer_edge.model.file import read_model, write_model
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.recognition.model_reload import reload_model
from fer_edge.runtime.recognition.reader import Reader
from tests.support.cards import CARD
from tests.support.graph_edits import dense_float_model
from tests.support.hostile_graphs import crashing_graph, large_graph

TINY = read_model(bundled_models()["tiny"])


@pytest.fixture(autouse=True)
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CACHE_DIRECTORY", raising=False)
    return tmp_path / "cache" / "fer-edge" / "tried-models"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    write_model(tmp_path / "sound.tflite", TINY.flatbuffer, TINY.card)
    return tmp_path / "sound.tflite"


@pytest.fixture
def crashing(tmp_path: Path) -> Path:
    """Write a file with a correct digest that crashes the process that runs it."""
    write_model(tmp_path / "crashing.tflite", crashing_graph(), TINY.card)
    return tmp_path / "crashing.tflite"


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    started: list[list[str]] = []
    real = subprocess.run

    def run(command: list[str], **options: object) -> object:
        started.append(command)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", run)
    return started


def test_a_file_that_crashes_the_runtime_is_refused_in_one_line(crashing: Path) -> None:
    with pytest.raises(ModelError, match=r"crashes the TFLite runtime \(SIGSEGV\)") as caught:
        open_model(crashing)
    assert str(crashing) in str(caught.value)


def test_verify_of_a_file_that_crashes_the_runtime_is_a_fault(crashing: Path) -> None:
    [fault] = faults_of_path(crashing)
    assert "crashes the TFLite runtime" in fault or "the card states" in fault


def test_a_crashing_file_as_blazeface_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "blaze.tflite"
    path.write_bytes(crashing_graph())
    with pytest.raises(Exception, match="crashes the TFLite runtime"):
        open_detector("blazeface", path)


def test_a_reload_of_a_crashing_file_leaves_the_old_model_at_work(
    crashing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_model(bundled_models()["tiny"]) as model:
        reader = Reader(model, open_detector("none"))
        assert not reload_model(reader, lambda: open_model(crashing))
        assert reader.model is model
    assert "the current model is kept" in caplog.text


@pytest.mark.parametrize(
    "error", [OverflowError("too large"), MemoryError(), KeyError("x"), RecursionError()]
)
def test_whatever_a_reload_raises_the_old_model_stays(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> object:
        raise error

    with open_model(bundled_models()["tiny"]) as model:
        reader = Reader(model, open_detector("none"))
        assert not reload_model(reader, failing)  # type: ignore[arg-type]
        assert reader.model is model
    assert "the current model is kept" in caplog.text


def test_a_file_that_needs_too_much_memory_is_refused_with_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY_VARIABLE, "200")
    path = tmp_path / "large.tflite"
    flatbuffer = large_graph(8000)  # 256 MB in, 256 MB out
    path.write_bytes(flatbuffer)
    with pytest.raises(Exception, match=r"needs more than 200 MB of memory.*--limit-memory"):
        open_detector("blazeface", path)


def test_a_file_that_hangs_is_refused_in_time(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.child.TRIAL_PATIENCE_S", 0.001)
    with pytest.raises(ModelError, match="could not be opened and run within"):
        open_model(sound)


def test_a_file_that_is_busy_for_ever_is_refused_by_its_own_time(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = "from fer_edge.child import limit_process; limit_process(10**9, 0.1)"
    real = subprocess.run

    def run(command: list[str], **options: Any) -> "subprocess.CompletedProcess[bytes]":
        return real([command[0], "-c", f"{busy}\nwhile True: pass"], **options)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ModelError, match="could not be opened and run within"):
        open_model(sound)


def test_a_file_that_was_tried_costs_later_starts_nothing(
    sound: Path, notes: Path, children: list[list[str]]
) -> None:
    for _ in range(3):
        open_model(sound).close()
    assert len(children) == 1
    assert len(list(notes.iterdir())) == 1


def test_another_graph_under_the_same_name_is_tried_again(
    sound: Path, children: list[list[str]]
) -> None:
    open_model(sound).close()
    flatbuffer = dense_float_model(classes=7, side=8)
    card = new_card(flatbuffer, TINY.card.labels, name="other", input_range=(0.0, 1.0))
    write_model(sound, flatbuffer, card)
    open_model(sound).close()
    assert len(children) == 2


def test_bundled_models_are_not_tried(children: list[list[str]]) -> None:
    for path in bundled_models().values():
        open_model(path).close()
    assert not children


def test_what_was_refused_is_not_noted(crashing: Path, notes: Path) -> None:
    for _ in range(2):
        with pytest.raises(ModelError, match="crashes"):
            open_model(crashing)
    assert not notes.exists()


def test_without_a_place_for_notes_a_file_is_tried_at_each_start(
    sound: Path, children: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        open_model(sound).close()
    assert len(children) == 2


def test_modules_of_the_folder_that_one_stands_in_are_not_run(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "numpy.py").write_text("raise SystemExit('a stranger ran')\n", "utf-8")
    monkeypatch.chdir(trap)
    open_model(sound).close()


def test_the_child_may_not_use_much_memory_nor_write_files_nor_dump_its_memory(
    tmp_path: Path,
) -> None:
    limited = (
        "import resource, signal\n"
        "from fer_edge.child import limit_process\n"
        "limit_process(100_000_000, 15)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "try: bytearray(4_000_000_000)\n"
        "except MemoryError: print('no memory')\n"
        "try: open('file', 'wb', buffering=0).write(b'x')\n"
        "except OSError: print('no file')\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["no memory", "no file", "0", ""]


def test_a_graph_with_a_wrong_number_of_recalls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="3 recalls for 7 labels"):
        replace(CARD, scores=(replace(CARD.scores[0], recall=(0.5,) * 3),))


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "CACHE_DIRECTORY"])
def test_a_cache_that_cannot_be_read_is_not_the_models_fault(
    sound: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "/" + "x" * 300)
    open_model(sound).close()


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "CACHE_DIRECTORY", "HOME"])
def test_a_relative_folder_is_no_cache(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv(variable, "relative")
    open_model(sound).close()
    assert list((tmp_path / "here").iterdir()) == []
