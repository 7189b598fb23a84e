"""Does `fer-edge run` say of every face what the evaluator says? Face by face, on a whole split.

Writes the faces as PNG, runs the command on the folder, and compares each label and the accuracy
with those from the face set. `tests/runtime/test_served_parity.py` holds it on a small set.

    python -m benchmarks.served_parity --data faces.npz
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np

from fer_edge.bundled import find_model
from fer_edge.evaluation import served_probabilities
from fer_edge.faceset import load_faceset
from fer_edge.interpreter import open_model

from .command import Benchmark, data_option, split_option


@click.command(cls=Benchmark)
@data_option
@split_option
@click.option("--model", default="compact", show_default=True)
def main(data: Path, split: str, model: str) -> None:
    """Print how many labels are the same, and both accuracies; exit 1 unless all are."""
    faces = load_faceset(data).part(split)
    with tempfile.TemporaryDirectory() as folder:
        for number, image in enumerate(faces.images):
            cv2.imwrite(f"{folder}/{number:06d}.png", image)
        command = [
            sys.executable,
            "-m",
            "fer_edge",
            "run",
            "--detector",
            "none",
            "--uncertain-below",
            "0",
        ]
        command += ["--model", model, "--input", folder]
        lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    said = np.array([json.loads(line)["faces"][0]["label"] for line in lines.splitlines()])
    with open_model(find_model(model)) as opened:
        scored = np.array(opened.labels)[served_probabilities(opened, faces).argmax(axis=1)]
    truth = np.array(faces.class_names)[faces.labels]
    print(f"{(said == scored).sum()} of {len(faces)} labels are the same")
    print(f"accuracy of run {(said == truth).mean():.2%}, evaluator {(scored == truth).mean():.2%}")
    sys.exit(int(bool((said != scored).any())))


if __name__ == "__main__":
    main()
