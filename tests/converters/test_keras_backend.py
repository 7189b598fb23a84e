"""Conversion in a shell or a program where Keras runs on another backend than TensorFlow."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.train,
    pytest.mark.skipif(
        not (find_spec("tensorflow") and find_spec("jax")), reason="TensorFlow or JAX is missing"
    ),
]

CONVERT = """
import os, sys
from fer_edge.converters import Options, convert
run, data, out = sys.argv[1:]
options = Options(variants=("float32",))
print(len(convert(run, data, out, options)), os.environ["KERAS_BACKEND"])
"""


def python(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_conversion_runs_on_tensorflow_and_leaves_the_variable(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    done = python(CONVERT, *trained, tmp_path)
    assert done.stdout == "1 jax\n", done.stderr
    assert list(tmp_path.glob("*.tflite"))


def test_a_program_that_runs_keras_on_jax_is_told_to_use_another_process(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    done = python("import keras\n" + CONVERT, *trained, tmp_path)
    last = done.stderr.splitlines()[-1]
    assert last == (
        "fer_edge.errors.ConfigError: this process runs Keras on jax, expected tensorflow for a "
        "conversion; convert in another process"
    )
    assert not list(tmp_path.iterdir())
