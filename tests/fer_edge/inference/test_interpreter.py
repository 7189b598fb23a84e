import importlib
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import MissingExtraError, ModelError
from fer_edge.faces.labels import FER2013
from fer_edge.faces.preprocess import as_real
from fer_edge.inference.model import TFLiteModel, _warn_about_xnnpack, open_model
from fer_edge.inference.runtime import RUNTIMES, find_runtime
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.model.card import InputSpec, ModelCard
from fer_edge.model.file import ModelFile, read_model, write_model
from fer_edge.scoring.temperature import at_temperature

EVERY_PIXEL = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)


@pytest.fixture
def bundled() -> ModelFile:
    return read_model(bundled_models()[DEFAULT_MODEL])


def stand_in(dtype: type, quantization: tuple[float, int], **change: Any) -> type:
    """Return an interpreter class that keeps its input and has a constant output."""

    class Interpreter:
        given: NDArray[Any]

        def __init__(self, **arguments: Any) -> None:
            self.arguments = arguments

        def allocate_tensors(self) -> None:
            pass

        def get_input_details(self) -> list[dict[str, Any]]:
            details = {"index": 0, "dtype": dtype, "shape": np.array([1, 16, 16, 1])}
            return [details | {"quantization": quantization} | change]

        def get_output_details(self) -> list[dict[str, Any]]:
            return [{"index": 1, "dtype": np.uint8, "shape": [1, 7], "quantization": (0.1, 3)}]

        def set_tensor(self, index: int, tensor: NDArray[Any]) -> None:
            self.given = tensor

        def invoke(self) -> None:
            pass

        def get_tensor(self, index: int) -> NDArray[np.uint8]:
            return np.array([[0, 1, 3, 4, 100, 200, 255]], np.uint8)

    return Interpreter


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes the named TFLite runtimes the only installed ones."""

    def only(interpreter: type = object, *names: str) -> None:
        for path in RUNTIMES:
            package = path.partition(".")[0]
            monkeypatch.setitem(sys.modules, package, None)
            monkeypatch.setitem(sys.modules, path, None)
        for path in names:
            module: Any = ModuleType(path)
            module.Interpreter, module.load_delegate = interpreter, None
            if path == "tensorflow":
                module.lite = SimpleNamespace(
                    Interpreter=interpreter, experimental=SimpleNamespace(load_delegate=None)
                )
            monkeypatch.setitem(sys.modules, path.partition(".")[0], ModuleType("package"))
            monkeypatch.setitem(sys.modules, path, module)

    return only


def model_of(bundled: ModelFile, **change: Any) -> TFLiteModel:
    spec = replace(InputSpec(16, 16), **change)
    return TFLiteModel(replace(bundled, card=replace(bundled.card, input=spec)))


@pytest.mark.parametrize("first", range(len(RUNTIMES)))
def test_the_first_runtime_that_is_installed_is_taken(
    install: Callable[..., None], first: int
) -> None:
    install(dict, *RUNTIMES[first:])
    runtime = find_runtime()
    assert runtime.name == ("ai-edge-litert", "tflite-runtime", "tensorflow")[first]
    assert runtime.module.Interpreter is dict


def test_without_any_runtime_the_message_says_what_to_install(
    install: Callable[..., None],
) -> None:
    install()
    with pytest.raises(MissingExtraError, match="pip install ai-edge-litert"):
        find_runtime()


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libc.so.6: version `GLIBC_2.34' not found"),
        ValueError("numpy.dtype size changed"),
        AttributeError("_ARRAY_API not found"),
    ],
)
def test_a_runtime_that_does_not_load_is_passed_over_or_named(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def import_module(path: str) -> Any:
        if path == RUNTIMES[0]:
            raise error
        return import_any(path)

    import_any = importlib.import_module
    install(dict, RUNTIMES[1])
    monkeypatch.setattr(importlib, "import_module", import_module)
    assert find_runtime().name == "tflite-runtime"
    install()
    with pytest.raises(MissingExtraError) as caught:
        find_runtime()
    assert str(error) in str(caught.value)
    assert "ai_edge_litert cannot be imported" in str(caught.value)


@pytest.mark.parametrize(("numpy", "is_named"), [("2.4.6", True), ("1.26.4", False)])
def test_an_old_runtime_beside_a_new_numpy_names_what_to_install(
    install: Callable[..., None],
    bundled: ModelFile,
    monkeypatch: pytest.MonkeyPatch,
    numpy: str,
    is_named: bool,
) -> None:
    class Broken:
        def __init__(self, **arguments: Any) -> None:
            raise SystemError("<built-in method> returned a result with an exception set")

    install(Broken, "tflite_runtime.interpreter")
    monkeypatch.setattr(np, "__version__", numpy)
    with pytest.raises(ModelError) as caught:
        model_of(bundled)
    assert ("pip install 'numpy<2'" in str(caught.value)) == is_named


def test_an_old_runtime_warns_of_int8_on_a_pc(
    install: Callable[..., None],
    bundled: ModelFile,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(stand_in(np.uint8, (1 / 255, 0)), "tflite_runtime.interpreter")
    _warn_about_xnnpack.cache_clear()
    for machine, warnings in (("x86_64", 1), ("aarch64", 0), ("x86_64", 0)):  # once per process
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            model_of(bundled)
        assert len(caplog.records) == warnings


@pytest.mark.parametrize(
    ("dtype", "quantization", "expected"),
    [
        (np.uint8, (1 / 255, 0), EVERY_PIXEL),
        (np.int8, (1 / 255, -128), (EVERY_PIXEL.astype(int) - 128).astype(np.int8)),
        (np.int16, (1 / 32767, 0), (EVERY_PIXEL * (32767 / 255)).round().astype(np.int16)),
        (np.float32, (0.0, 0), as_real(EVERY_PIXEL)),
    ],
)
def test_raw_pixels_become_the_numbers_of_the_input_tensor(
    install: Callable[..., None],
    bundled: ModelFile,
    dtype: type,
    quantization: tuple[float, int],
    expected: NDArray[Any],
) -> None:
    install(stand_in(dtype, quantization), RUNTIMES[0])
    prepared = model_of(bundled).prepare(EVERY_PIXEL)
    assert prepared.dtype == dtype
    assert np.array_equal(prepared, expected[np.newaxis])


def test_an_integer_output_becomes_probabilities(
    install: Callable[..., None], bundled: ModelFile
) -> None:
    install(stand_in(np.uint8, (1 / 255, 0)), RUNTIMES[0])
    plain = replace(bundled, card=replace(bundled.card, temperature_scaling=None))
    read = model_of(plain).probabilities(EVERY_PIXEL)
    assert read.dtype == np.float32
    assert read == pytest.approx([-0.3, -0.2, 0.0, 0.1, 9.7, 19.7, 25.2])


@pytest.mark.parametrize(
    ("dtype", "quantization", "change", "word"),
    [
        (np.uint8, (1 / 128, 0), {}, "scale 0.0078125 and zero point 0 cover"),
        (np.uint8, (1 / 255, 100), {}, "zero point 100"),
        (np.int8, (1 / 255, 0), {}, "cover -0.501961 to 0.498039"),
        (np.int16, (1 / 65536, 0), {}, "cover -0.5 to 0.499985"),
        (np.int32, (1 / 255, 0), {}, "input of int32 is not supported"),
        (np.uint8, (1 / 255, 0), {"height": 32}, "the card states (1, 32, 16, 1)"),
        (np.uint8, (1 / 255, 0), {"channels": 3}, "the card states (1, 16, 16, 3)"),
        (np.uint8, (1 / 255, 0), {"minimum": -1.0}, "from -1.0 to 1.0"),
    ],
)
def test_a_graph_that_contradicts_its_card_is_refused(
    install: Callable[..., None],
    bundled: ModelFile,
    dtype: type,
    quantization: tuple[float, int],
    change: dict[str, Any],
    word: str,
) -> None:
    install(stand_in(dtype, quantization), RUNTIMES[0])
    with pytest.raises(ModelError) as caught:
        model_of(bundled, **change)
    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"labels": FER2013[:-1], "scores": (), "logit_offsets": ()}, "the card has 6 labels"),
        (
            {"labels": (*FER2013, "contempt"), "scores": (), "logit_offsets": ()},
            "the card has 8 labels",
        ),
        ({"input": InputSpec(64, 64)}, "the card states (1, 64, 64, 1)"),
    ],
)
def test_the_real_model_with_another_card_is_refused(
    bundled: ModelFile, tmp_path: Path, change: dict[str, Any], word: str
) -> None:
    card: ModelCard = replace(bundled.card, **change)
    write_model(tmp_path / "altered.tflite", bundled.flatbuffer, card)
    with pytest.raises(ModelError) as caught:
        open_model(tmp_path / "altered.tflite")
    assert word in str(caught.value)


def test_a_graph_that_no_interpreter_takes_is_refused_in_one_line(
    bundled: ModelFile, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path / "bad.tflite", b"\x1c\x00\x00\x00TFL3" + bytes(200), bundled.card)
    with pytest.raises(ModelError, match="cannot be run by ai-edge-litert"):
        open_model(tmp_path / "bad.tflite")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("library", ["libnothing.so", "libc.so.6", "/etc/hostname"])
def test_a_delegate_that_cannot_be_loaded_is_one_clear_error(
    library: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=r"delegate .* cannot be loaded: .*omit the delegate"):
        open_model(bundled_models()[DEFAULT_MODEL], delegate=library)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("threads", [1, 2])
def test_the_bundled_model_reads_any_face(threads: int, capfd: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    with open_model(bundled_models()[DEFAULT_MODEL], threads=threads) as model:
        height, width = model.input_size
        black = np.zeros((height, width, 1), np.uint8)
        noise = random.integers(0, 256, black.shape, dtype=np.uint8)
        for pixels in (black, black + np.uint8(255), noise):
            read = model.probabilities(pixels)
            assert (read.shape, read.dtype) == ((len(model.labels),), np.float32)
            assert read.sum() == pytest.approx(1, abs=0.03)  # steps of 1/256
            raw = model.invoke(model.prepare(pixels))
            assert raw.dtype == np.uint8
            real = raw.astype(np.float32) / 256
            card = model.file.card
            assert np.array_equal(read, at_temperature(real, card.temperature, 1 / 512))
            assert np.argmax(read) == np.argmax(raw)
            # no state is kept from one face to the next
            assert np.array_equal(read, model.probabilities_of(pixels[np.newaxis])[0])
    assert capfd.readouterr().err == ""
