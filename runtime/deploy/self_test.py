"""Comparison of the device's results on faces with this machine's."""

import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fer_edge.child import clean_environment, module_command
from fer_edge.documents import parse_json
from fer_edge.errors import DeployError

TOLERANCE = 0.05
"""Tolerance of a probability: int8 kernels of two processors round differently
(docs/lab-notes/arm64.md)."""


_NO_READINGS = (
    "the self-test has no readable result; expected the lines of fer-edge run, with a probability "
    "of each label"
)


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
        model: Content of the .tflite file.
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
            env=clean_environment(),
        )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2].removeprefix("fer-edge: error: ")
        raise DeployError(f"the model cannot be run here: {reason}")
    return readings([parse_json(line) for line in done.stdout.splitlines()])


def readings(lines: object) -> tuple[Reading, ...]:
    """Check the lines of `fer-edge run`, one picture per line with one face.

    Args:
        lines: The parsed lines; untrusted.

    Raises:
        DeployError: They are not such lines.
    """
    try:
        found = tuple(
            Reading({str(label): float(share) for label, share in face["scores"].items()})
            for line in cast("Iterable[Any]", lines)
            for face in line["faces"]
        )
    except (TypeError, KeyError, AttributeError, ValueError, OverflowError) as error:
        raise DeployError(_NO_READINGS) from error
    if not all(
        item.probabilities and all(0 <= share <= 1 for share in item.probabilities.values())
        for item in found
    ):
        raise DeployError(_NO_READINGS)
    return found


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
