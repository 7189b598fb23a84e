import ctypes
import logging
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fer_edge.detector.file import bundled_detectors
from fer_edge.errors import ConfigError, DetectorError, ModelError
from fer_edge.inference.delegate import (
    EDGETPU_LIBRARIES,
    EDGETPU_OPERATOR,
    Delegate,
    check_compiled,
    find_edge_tpus,
    parse_delegate,
)
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.detection.opening import open_detector

CORAL = EDGETPU_LIBRARIES[platform.system()]

# A delegate that takes no operator and writes its options to a file. It follows the ABI of TFLite's
# external_delegate_interface.h and common.h. Device 9 is missing, device 8 crashes, device 7 hangs.
STAND_IN = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Delegate {
  void* data;
  int (*prepare)(void* context, struct Delegate* self);
  int (*copy_from)(void*, struct Delegate*, int, void*);
  int (*copy_to)(void*, struct Delegate*, int, void*);
  void (*free_handle)(void*, struct Delegate*, int*);
  int64_t flags;
  void* opaque_delegate_builder;
} Delegate;

static void note(const char* key, const char* value) {
  FILE* file = fopen("NOTES", "a");
  fprintf(file, "%s=%s\n", key, value);
  fclose(file);
}

static int prepare(void* context, Delegate* self) {
  note("prepare", "called");
  if (self->data) abort();
  return 0;
}

Delegate* tflite_plugin_create_delegate(char** keys, char** values, size_t count,
                                        void (*report)(const char*)) {
  for (size_t i = 0; i < count; ++i) {
    note(keys[i], values[i]);
    if (strstr(values[i], "7")) sleep(600);
    if (strstr(values[i], "9")) {
      report("no such device");
      return NULL;
    }
  }
  Delegate* made = calloc(1, sizeof(Delegate));
  made->data = count && strstr(values[0], "8") ? made : NULL;
  made->prepare = prepare;
  return made;
}

void tflite_plugin_destroy_delegate(Delegate* made) { free(made); }
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Compile the stand-in; return its library and the file that it writes."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed, which compiles the stand-in delegate")
    folder = tmp_path_factory.mktemp("delegate")
    notes = folder / "notes.txt"
    (folder / "delegate.c").write_text(STAND_IN.replace("NOTES", str(notes)), "ascii")
    library = folder / "libedgetpu_stand_in.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-o", str(library), str(folder / "delegate.c")], check=True
    )
    return library, notes


@pytest.fixture
def stand_in(built: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use the stand-in in place of Coral's library; return the file that it writes."""
    library, notes = built
    notes.write_text("")
    monkeypatch.setitem(EDGETPU_LIBRARIES, platform.system(), str(library))
    return notes


@pytest.mark.parametrize(
    ("text", "device"),
    [
        ("edgetpu", ""),
        ("edgetpu:0", ":0"),
        ("edgetpu:usb", "usb"),
        ("edgetpu:usb:0", "usb:0"),
        ("edgetpu:pci:1", "pci:1"),
    ],
)
def test_the_short_name_is_corals_library_and_its_option(text: str, device: str) -> None:
    assert parse_delegate(text) == Delegate(CORAL, device, is_edgetpu=True)


def test_a_path_stays_a_path() -> None:
    assert parse_delegate("/opt/lib/libgpu.so") == Delegate("/opt/lib/libgpu.so")
    assert parse_delegate("/opt/libedgetpu.so.1").is_edgetpu


@pytest.mark.parametrize("text", ["edgetpu:", "edgetpu:usb:", "edgetpu:usb:x", "edgetpu:gpu"])
def test_a_wrong_device_is_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(ModelError, match="expected edgetpu, edgetpu:N, edgetpu:usb"):
        parse_delegate(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("edgetpu:usb:0", ["device=usb:0"]), ("edgetpu", []), ("path", [])]
)
def test_a_delegate_is_loaded_with_its_option_and_the_model_still_reads(
    stand_in: Path, built: tuple[Path, Path], text: str, expected: list[str]
) -> None:
    path = bundled_models()[DEFAULT_MODEL]
    given = str(built[0]) if text == "path" else text
    with open_model(path, delegate=given) as model, open_model(path) as plain:
        face = np.random.default_rng(0).integers(0, 256, (*model.input_size, 1), dtype=np.uint8)
        assert np.array_equal(model.probabilities(face), plain.probabilities(face))
    # once in the trial in a separate process, and once in this process
    assert stand_in.read_text().splitlines() == 2 * [*expected, "prepare=called"]


def test_a_face_detector_is_run_by_a_delegate_too(stand_in: Path) -> None:
    pytest.importorskip("matplotlib")
    image = read_picture(sample_photo())
    model = bundled_detectors()["yunet-320x192"]
    there = open_detector("yunet", model, delegate="edgetpu:usb:0")
    assert there.detect(image) == open_detector("yunet", model).detect(image) != []
    assert stand_in.read_text().splitlines() == 2 * ["device=usb:0", "prepare=called"]
    with pytest.raises(DetectorError, match=r"^delegate edgetpu:usb:9 .*omit the delegate$"):
        open_detector("yunet", model, delegate="edgetpu:usb:9")


@pytest.mark.parametrize("name", ["haar", "blazeface", "none"])
def test_a_detector_that_only_the_cpu_runs_refuses_a_delegate(name: str) -> None:
    with pytest.raises(ConfigError, match=f"the detector {name} runs on the CPU only"):
        open_detector(name, delegate="edgetpu")


def test_a_library_that_crashes_is_one_clear_line(
    stand_in: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError) as caught:
        open_model(bundled_models()[DEFAULT_MODEL], delegate="edgetpu:usb:8")
    assert "crashes with ai-edge-litert" in str(caught.value)
    assert "(SIGABRT)" in str(caught.value)
    assert "omit the delegate" in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_library_that_hangs_is_one_clear_line(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_edge.inference.delegate_trial.TIMEOUT_S", 1.0)
    with pytest.raises(
        ModelError, match=r"edgetpu:usb:7 did not respond within 1 s.*omit the delegate"
    ):
        open_model(bundled_models()[DEFAULT_MODEL], delegate="edgetpu:usb:7")


def test_an_uncompiled_model_runs_on_the_cpu_with_a_warning(
    stand_in: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        open_model(bundled_models()[DEFAULT_MODEL], delegate="edgetpu").close()
    (record,) = caplog.records
    assert "is not compiled for the Edge TPU and runs on the CPU" in record.getMessage()
    assert "--edgetpu" in record.getMessage()


def test_a_compiled_model_and_another_delegate_are_not_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    check_compiled(b"...." + EDGETPU_OPERATOR, "edgetpu", "compiled.tflite")
    check_compiled(b"....", "/opt/lib/libgpu.so", "plain.tflite")
    assert not caplog.records


def test_a_device_that_the_library_does_not_find_is_one_clear_line(
    stand_in: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError) as caught:
        open_model(bundled_models()[DEFAULT_MODEL], delegate="edgetpu:usb:9")
    message = str(caught.value)
    assert "delegate edgetpu:usb:9 cannot be loaded" in message
    assert "found no usable device (no such device)" in message
    assert "omit the delegate" in message
    assert "\n" not in message
    assert capfd.readouterr().err == ""


def test_a_missing_library_is_one_clear_line_that_says_how_to_get_it() -> None:
    try:
        ctypes.CDLL(CORAL)
    except OSError:
        pass
    else:
        pytest.skip(f"{CORAL} is installed here")
    with pytest.raises(ModelError, match=r"cannot be loaded: .*libedgetpu1-std.*omit the delegate"):
        open_model(bundled_models()[DEFAULT_MODEL], delegate="edgetpu")


def usb_device(root: Path, name: str, vendor: str, product: str) -> None:
    folder = root / "sys/bus/usb/devices" / name
    folder.mkdir(parents=True)
    for key, value in {
        "idVendor": vendor,
        "idProduct": product,
        "busnum": "2",
        "devnum": "3",
    }.items():
        (folder / key).write_text(f"{value}\n")


@pytest.mark.parametrize(("vendor", "product"), [("1a6e", "089a"), ("18d1", "9302")])
def test_an_accelerator_on_usb_is_seen_before_and_after_its_first_use(
    tmp_path: Path, vendor: str, product: str
) -> None:
    usb_device(tmp_path, "1-1", "046d", "082d")
    assert find_edge_tpus(tmp_path) == []
    usb_device(tmp_path, "2-1", vendor, product)
    (tpu,) = find_edge_tpus(tmp_path)
    assert (tpu.bus, tpu.node) == ("usb", tmp_path / "dev/bus/usb/002/003")
    assert not tpu.is_open_to_us
    tpu.node.parent.mkdir(parents=True)
    tpu.node.touch()
    assert find_edge_tpus(tmp_path)[0].is_open_to_us


def test_an_accelerator_on_pcie_is_seen(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/apex_0").touch()
    (tpu,) = find_edge_tpus(tmp_path)
    assert (tpu.bus, tpu.node.name, tpu.is_open_to_us) == ("pci", "apex_0", True)
