"""Comparison of `fer-edge run` with the evaluator for each face of a split.

Writes the faces as PNG, runs the command on the folder, and compares each label and the accuracy
with those from the face set. `tests/runtime/test_served_parity.py` does the same on a small set.

    python -m benchmarks.served_parity --data faces.npz
    python -m benchmarks.served_parity --data faces.npz --model tiny --arm64 .venv/arm64

With --arm64 the command runs in an emulated arm64 userland (`tests/arm64/userland.py`), whose int8
kernels sometimes round differently. Then the share of equal labels may be as low as the limit for
bundled models, between int8 and float.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np

from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import load_faceset
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from tests.arm64.userland import PYTHON, build, missing_programs, run_in

from .command import PATH, Benchmark, data_option, split_option

SAME_ON_ARM64 = 0.97


@click.command(cls=Benchmark)
@data_option
@split_option
@click.option("--model", default="compact", show_default=True, help="Bundled model.")
@click.option("--arm64", "userland", type=PATH, help="Run in the arm64 Debian in this folder.")
def main(data: Path, split: str, model: str, userland: Path | None) -> None:
    """Print the number of equal labels and both accuracies; exit with 1 if too many differ."""
    faces = load_faceset(data).part(split)
    root = _userland(userland) if userland else None
    with tempfile.TemporaryDirectory(dir=root / "tmp" if root else None) as folder:
        for number, image in enumerate(faces.images):
            cv2.imwrite(f"{folder}/{number:06d}.png", image)
        options = ["-m", "fer_edge", "run", "--detector", "none", "--uncertain-below", "0"]
        options += ["--model", model, "--input"]
        if root:
            done = run_in(root, PYTHON, *options, f"/tmp/{Path(folder).name}")
        else:
            command = [sys.executable, *options, folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"fer-edge run ended with {done.returncode}: {done.stderr}")
    records = map(json.loads, done.stdout.splitlines())
    said = np.array([record["faces"][0]["label"] for record in records])
    with open_model(find_model(model)) as opened:
        scored = np.array(opened.labels)[served_probabilities(opened, faces).argmax(axis=1)]
    truth = np.array(faces.class_names)[faces.labels]
    same = said == scored
    print(f"{same.sum()} of {len(faces)} labels are the same")
    print(f"accuracy of run {(said == truth).mean():.2%}, evaluator {(scored == truth).mean():.2%}")
    sys.exit(int(same.mean() < (SAME_ON_ARM64 if root else 1)))


def _userland(folder: Path) -> Path:
    if missing := missing_programs():
        raise click.ClickException(f"needs {', '.join(missing)}; see tests/arm64/userland.py")
    try:
        return build(folder.resolve())
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
