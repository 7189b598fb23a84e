"""Scores of float, post-training int8 and quantization-aware int8 after a run, side by side.

Conversion is another stage, so it runs as a separate command on the finished run folder, into a
temporary folder.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from fer_edge.child import clean_environment, module_command
from fer_edge.errors import TrainingError
from fer_edge.faces.faceset import FaceSet, save_faceset

_NAMES = {"int8-ptq": "int8, post-training", "int8-qat": "int8, quantization-aware"}


def compare_quantized(run: Path, faces: FaceSet) -> str:
    """Convert a run in both ways and print a table of the validation scores.

    Args:
        run: Finished run folder with its quantization-aware network.
        faces: Face set of the run.

    Raises:
        TrainingError: The conversion failed; the run folder is complete nevertheless.
    """
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as name:
        folder = Path(name)
        save_faceset(faces, folder / "faces.npz")
        command = module_command("fer_edge", "convert", str(run), "--int8", "--json")
        command += ["--data", str(folder / "faces.npz"), "--out", str(folder / "models")]
        command += ["--max-drop", "100"]  # only shown; a user's own conversion applies the gate
        done = subprocess.run(
            command,
            env=clean_environment(),
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            check=False,
        )
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TrainingError(f"{run} is complete, but cannot be converted: {why}")
    return _table(json.loads(done.stdout))


def _table(records: list[dict[str, Any]]) -> str:
    first = records[0]
    accuracy = first["score"]["accuracy"] - first["agreement"]["difference"]
    lines = [f"{'float':26} accuracy {accuracy:.2%}"]
    for record in records:
        suffix = next(suffix for suffix in _NAMES if f"{suffix}.tflite" in record["path"])
        agreement = record["agreement"]
        low, high = (100 * end for end in agreement["interval"])
        lines.append(
            f"{_NAMES[suffix]:26} accuracy {record['score']['accuracy']:.2%}  "
            f"{100 * agreement['difference']:+.2f} points [{low:+.2f}, {high:+.2f}]  "
            f"agreement {agreement['top1']:.2%}"
        )
    return "\n".join(lines)
