"""Comparison of the device's results on faces with this machine's."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.child import module_command
from fer_edge.documents import parse_json
from fer_edge.errors import DeployError

TOLERANCE = 0.05
"""Tolerance of a probability: int8 kernels of two processors round differently
(docs/lab-notes/arm64.md)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Result of a model for a picture.

    Attributes:
        probabilities: Probability by label, 0 to 1.
    """

    probabilities: Mapping[str, float]

    @property
    def label(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=lambda label: self.probabilities[label])

    @property
    def lead(self) -> float:
        """Difference between the two highest probabilities."""
        best = sorted(self.probabilities.values(), reverse=True)
        return best[0] - best[1] if len(best) > 1 else 1.0


def read_here(model: bytes, pictures: Mapping[str, bytes]) -> tuple[Reading, ...]:
    """Classify the pictures on this machine, with the same command as on the device.

    Args:
        model: Path of the .tflite file.
        pictures: PNG files by name.

    Raises:
        DeployError: The model cannot be run here.
    """
    with tempfile.TemporaryDirectory(prefix="fer-edge-") as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(model)
        for picture, data in pictures.items():
            (folder / f"face-{picture}.png").write_bytes(data)
        words = ["run", "--detector", "none", "--model", str(folder / "model.tflite")]
        done = subprocess.run(
            module_command("fer_edge", *words, "--input", str(folder / "face-*.png")),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2].removeprefix("fer-edge: error: ")
        raise DeployError(f"the model cannot be run here: {reason}")
    return readings([parse_json(line) for line in done.stdout.splitlines()])


def readings(lines: Sequence[Mapping[str, Any]]) -> tuple[Reading, ...]:
    """Parse the lines of `fer-edge run`, one picture per line with one face."""
    return tuple(Reading(face["scores"]) for line in lines for face in line["faces"])


def difference(expected: Sequence[Reading], got: Sequence[Reading]) -> str:
    """Describe a difference above the tolerance; empty if there is none.

    Args:
        expected: Results of this machine.
        got: Results of the device, for the same pictures.
    """
    if len(expected) != len(got):
        return f"it read {len(got)} of {len(expected)} pictures"
    for here, there in zip(expected, got, strict=True):
        if here.probabilities.keys() != there.probabilities.keys():
            return f"it has the labels {', '.join(there.probabilities)}"
        for label, probability in here.probabilities.items():
            if abs(probability - there.probabilities[label]) > TOLERANCE:
                got_there = there.probabilities[label]
                return (
                    f"{label} is {got_there:.3f} there and {probability:.3f} here; expected a "
                    f"difference of at most {TOLERANCE}"
                )
        if here.label != there.label and here.lead > 2 * TOLERANCE:
            return f"it recognizes {there.label}, but this machine {here.label}"
    return ""


def largest_gap(expected: Sequence[Reading], got: Sequence[Reading]) -> float:
    """Return the largest difference of a probability."""
    return max(
        abs(probability - there.probabilities[label])
        for here, there in zip(expected, got, strict=True)
        for label, probability in here.probabilities.items()
    )
