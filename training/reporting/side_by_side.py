"""What quantization costs and what quantization-aware training adds, after a run: side by side.

Conversion is another stage, so it runs as its own command on the finished run folder, into a folder
that is thrown away.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from fer_edge.child import module_command
from fer_edge.errors import TrainingError
from fer_edge.faces.faceset import FaceSet, save_faceset

_NAMES = {"int8-ptq": "int8, post-training", "int8-qat": "int8, quantization-aware"}


def compare_quantized(run: Path, faces: FaceSet) -> str:
    """Convert a run both ways and write a table of the validation scores.

    Args:
        run: A finished run folder with its quantization-aware network.
        faces: What it was trained on.

    Raises:
        TrainingError: The conversion failed; the run folder is complete all the same.
    """
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as name:
        folder = Path(name)
        save_faceset(faces, folder / "faces.npz")
        command = module_command("fer_edge", "convert", str(run), "--int8", "--json")
        command += ["--data", str(folder / "faces.npz"), "--out", str(folder / "models")]
        command += ["--max-drop", "100"]  # it shows; a user's own conversion judges
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TrainingError(f"{run} is complete, but could not be converted: {why}")
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
