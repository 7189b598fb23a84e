"""The card of a face aligner, JSON inside its `.tflite` file."""

from dataclasses import dataclass, field
from typing import Literal

from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import CropPolicy
from fer_edge.model.card_format import CardFormat

KIND: Literal["face-aligner"] = "face-aligner"
FORMAT = CardFormat(1, "the aligner", "install fer-edge again")
OUTPUTS = ("roll", "logarithm of the scale", "x", "y")
"""Meaning of the last axis of the output."""

LICENSE = (
    "Weights: Apache-2.0. FER2013 was published for a Kaggle competition (2013); its public copies "
    "state no license. No image of it is in this file."
)


@dataclass(frozen=True, slots=True)
class OutputRange:
    """What an output of 1 stands for; outputs are within -1 to 1.

    Attributes:
        roll_degrees: Rotation of the face, clockwise.
        log_scale: Natural logarithm of its size, as a factor of the square.
        shift: Shift of its center to the right, and downward, in sides of the square.
    """

    roll_degrees: float = 60.0
    log_scale: float = 0.5
    shift: float = 0.25

    def __post_init__(self) -> None:
        # a comparison with NaN is never true
        if not (0 < self.roll_degrees <= 180 and 0 < self.log_scale <= 1 and 0 < self.shift <= 1):
            raise ModelError(f"the card's output range is {self}; expected positive numbers")

    @property
    def factors(self) -> tuple[float, float, float, float]:
        """One factor for each of `OUTPUTS`."""
        return self.roll_degrees, self.log_scale, self.shift, self.shift


@dataclass(frozen=True, slots=True)
class AlignerErrors:
    """Errors on faces that it was not trained on, drawn as in training.

    Attributes:
        faces: Number of faces.
        roll_degrees: Median absolute error of the rotation.
        log_scale: Median absolute error of the logarithm of the scale.
        shift: Median absolute error of x and y, in sides of the square.
    """

    faces: int
    roll_degrees: float
    log_scale: float
    shift: float


@dataclass(frozen=True, slots=True)
class AlignerCard:
    """The card of a face aligner. Its input is one gray square, raw pixels from 0 to 255.

    Attributes:
        name: Name of the aligner and stem of its file.
        height: Height of the input in pixels.
        width: Width of the input in pixels.
        output: What the outputs stand for.
        scheme: float32, or int8 for all tensors.
        parameters: Weights and biases in the file.
        macs: Multiply-accumulates of one inference.
        sha256: Sha256 of the flatbuffer part of the file.
        data: Sha256 of the face set whose framing it has learned.
        errors: Errors of this file.
        float_errors: Errors of the network that it was converted from.
        crop: Policy by which its square is cut from a detector's box.
        tools: Names and versions of the tools.
        license: Text of the license.
        kind: Marks the card of an aligner.
        format_version: Version of the card format.
    """

    name: str
    height: int
    width: int
    output: OutputRange
    scheme: Literal["float32", "int8"]
    parameters: int
    macs: int
    sha256: str
    data: str
    errors: AlignerErrors
    float_errors: AlignerErrors
    crop: CropPolicy = field(default_factory=CropPolicy)
    tools: tuple[str, ...] = ()
    license: str = LICENSE
    kind: Literal["face-aligner"] = KIND
    format_version: int = FORMAT.version

    def __post_init__(self) -> None:
        FORMAT.check_version(self.format_version)
        if min(self.height, self.width) < 1:
            raise ModelError(
                f"the card's input is {self.width}x{self.height}; expected positive numbers"
            )


def card_to_json(card: AlignerCard) -> str:
    """Convert a card to JSON text; see `CardFormat.to_json`."""
    return FORMAT.to_json(card)


def card_from_json(text: str) -> AlignerCard:
    """Parse a card; see `CardFormat.from_json`."""
    return FORMAT.from_json(AlignerCard, text)
