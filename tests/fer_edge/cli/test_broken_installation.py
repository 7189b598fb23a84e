"""An installation in which a package is missing or damaged: one line, never a traceback."""

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import fer_edge
from fer_edge.require import blamed_package

PROGRAM = """
import sys
sys.path.insert(0, {first!r})
for name in {missing!r}:
    sys.modules[name] = None
sys.argv = ["fer-edge", *{arguments!r}]
from fer_edge.cli.program import program
program()
"""

SOURCE = Path(__file__).resolve().parents[3]
in_source = pytest.mark.skipif(
    not (SOURCE / "fer_edge").is_dir(), reason=".ci/release-check removes the source"
)


def run(*arguments: str, missing: tuple[str, ...] = (), first: Path | None = None):
    """Run the command line without some packages, or with those of a folder in front."""
    code = PROGRAM.format(first=str(first or "."), missing=missing, arguments=arguments)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("module", "package", "arguments"),
    [
        ("click", "click", ("--help",)),
        ("numpy", "numpy", ("models",)),
        ("cv2", "opencv-python-headless", ("models",)),
        ("tomli_w", "tomli-w", ("run", "--input", "x.jpg", "--print-config")),
        ("jinja2", "jinja2", ("benchmark", "tiny", "--rounds", "1", "--report", "report")),
        ("av", "av", ("run", "--input", "x.mp4")),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    module: str, package: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "x.mp4").write_bytes(b"\0")
    arguments = tuple(str(tmp_path / a) if a in ("x.mp4", "report") else a for a in arguments)
    done = run(*arguments, missing=(module,))
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("fer-edge: error:")]
    assert f"needs {package}, which is not installed; run: pip install fer-edge" in line
    assert "Traceback" not in done.stderr


def test_a_sweep_without_optuna_names_the_extra(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep.toml"
    sweep.write_text("")
    done = run("sweep", str(sweep), "--data", "x.npz", "--out", "x", missing=("optuna",))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "a sweep needs optuna" in done.stderr
    assert "'fer-edge[sweep]'" in done.stderr


@in_source
@pytest.mark.parametrize(
    "imported", ["from fer_edge import Recognizer", "import fer_edge.training"]
)
def test_the_source_folder_in_front_of_the_installed_package_is_named(imported: str) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", imported],  # -S: without what is installed
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    line = done.stderr.splitlines()[-1]
    assert line.startswith(
        f"ModuleNotFoundError: expected the installed package fer_edge, got the source in {SOURCE}"
    )
    assert "pip install --editable ." in line


@in_source
def test_a_command_in_the_source_folder_is_one_line_too() -> None:
    packages = [path for path in sys.path if path.endswith("-packages")]
    code = PROGRAM.format(first=str(SOURCE), missing=(), arguments=("doctor",))
    done = subprocess.run(
        # -S: without what is installed, except click
        [sys.executable, "-S", "-c", f"import sys; sys.path += {packages}\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"fer-edge: error: expected the installed package fer_edge, got the source in {SOURCE}; "
        "change to another folder, or run there: pip install --editable .\n"
    )


def test_a_python_that_is_too_old_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("fer_edge", run_name="__main__")
    assert str(ended.value).startswith("fer-edge: error: expected Python 3.10 or newer, got ")


@pytest.mark.parametrize("name", ["__init__", "__main__", "lazy_names", "source_folder"])
def test_an_old_python_reads_what_comes_before_that_line(name: str) -> None:
    text = Path(fer_edge.__file__).with_name(f"{name}.py").read_text("utf-8")
    ast.parse(text, feature_version=(3, 7))
    assert "from __future__ import annotations" in text or "def " not in text


@pytest.mark.parametrize(
    "content",
    [
        "raise ImportError('libGL.so.1: cannot open shared object file: No such file')",
        "from . import native_part",
        "import struct\nfrom struct import no_such_name",
    ],
)
def test_a_package_that_cannot_be_imported_is_named_with_its_reason(
    content: str, tmp_path: Path
) -> None:
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2/__init__.py").write_text(content)
    done = run("models", first=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("fer-edge: error: ")
    assert "libGL.so.1" in line or "native_part" in line or "no_such_name" in line


def test_doctor_examines_the_rest_without_the_package_that_compares_versions() -> None:
    done = run("doctor", missing=("packaging",))
    assert "Traceback" not in done.stderr
    assert "create a new virtual environment" in done.stdout
    assert "processor" in done.stdout


def test_a_fault_of_fer_edge_itself_is_not_blamed_on_the_installation() -> None:
    with pytest.raises(ImportError) as caught:
        from fer_edge.require import no_such_name  # type: ignore[attr-defined]  # noqa: F401
    assert blamed_package(caught.value) == "fer_edge"
