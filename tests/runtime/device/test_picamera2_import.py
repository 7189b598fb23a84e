"""The system's picamera2 together with incompatible packages from pip."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fer_edge.runtime.device.doctor.cameras import examine_cameras

from ...support.boards import pi4

ABI = "numpy.dtype size changed, may indicate binary incompatibility"
NOT_THE_NUMPY = {
    "ValueError": (f"ValueError('{ABI}. Expected 96 from C header')", ABI),
    "ImportError": ("ImportError('numpy.core.multiarray failed to import')", "multiarray"),
    "RuntimeError": (
        "RuntimeError('module compiled against ABI version 0x1000009 but this version of numpy "
        "is 0x2000000')",
        "ABI version",
    ),
    "AttributeError": ("AttributeError('_ARRAY_API not found')", "_ARRAY_API"),
    "SystemError": ("SystemError('initialization of numpy.random failed')", "SystemError"),
}
"""Name -> (exception of a module compiled for another NumPy, words of it in the error line)."""


def stand_in_that_raises(folder: Path, error: str) -> Path:
    """Write a picamera2 module that raises an error at its import; return its folder."""
    text = f"import sys\nprint('A module that was compiled', file=sys.stderr)\nraise {error}\n"
    (folder / "picamera2.py").write_text(text)
    return folder


def run_with(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run fer-edge in a separate process that imports picamera2 from the folder."""
    return subprocess.run(
        [sys.executable, "-m", "fer_edge", *arguments],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", NOT_THE_NUMPY)
def test_a_picamera2_of_another_numpy_is_one_line_with_the_remedy(
    tmp_path: Path, kind: str
) -> None:
    error, words = NOT_THE_NUMPY[kind]
    done = run_with(stand_in_that_raises(tmp_path, error), "run", "--camera", "picamera2")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert words in line
    if int(np.__version__.partition(".")[0]) >= 2:
        assert "pip install 'numpy<2' 'opencv-python-headless<4.12'" in line


@pytest.mark.parametrize("error", ["AttributeError('Transform')", "RuntimeError()", "OSError(5)"])
def test_a_picamera2_that_fails_otherwise_is_one_line_too(tmp_path: Path, error: str) -> None:
    done = run_with(stand_in_that_raises(tmp_path, error), "run", "--camera", "picamera2")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert error.partition("(")[0] in line
    assert "docs/how-to/use-the-pi-camera.md" in line


@pytest.mark.parametrize("kind", NOT_THE_NUMPY)
def test_the_doctor_sees_that_picamera2_does_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    error, words = NOT_THE_NUMPY[kind]
    folder = stand_in_that_raises(tmp_path, error)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(str(folder))
    (finding,) = examine_cameras(pi4(tmp_path / "board"))
    assert finding.status == "warning"
    assert words in finding.text
    assert finding.advice
    (folder / "picamera2.py").write_text("Picamera2 = object\n")
    (finding,) = examine_cameras(tmp_path / "board")
    assert finding.status == "ok"


def test_the_doctor_survives_a_picamera2_that_crashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "picamera2.py").write_text("import os\nos.kill(os.getpid(), 11)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    (finding,) = examine_cameras(pi4(tmp_path / "board"))
    assert (finding.status, "exit code -11" in finding.text) == ("warning", True)
