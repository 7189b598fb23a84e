"""The card of a face detector, JSON inside its `.tflite` file."""

from dataclasses import dataclass
from typing import Literal

from fer_edge.errors import ModelError
from fer_edge.model.card import Compilation
from fer_edge.model.card_format import CardFormat

KIND: Literal["face-detector"] = "face-detector"
FORMAT = CardFormat(1, "the detector", "create it again: fer-edge convert-detector")
CHANNELS = ("dx", "dy", "log width", "log height", "class", "objectness")
"""Meaning of the last axis of each output."""

YUNET_LICENSE = """\
MIT License

Copyright (c) 2020 Shiqi Yu <shiqi.yu@gmail.com>

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and \
associated documentation files (the "Software"), to deal in the Software without restriction, \
including without limitation the rights to use, copy, modify, merge, publish, distribute, \
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is \
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or \
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT \
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND \
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, \
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT \
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
YUNET_TRAINING_DATA = (
    "WIDER FACE (Yang et al. 2016); its pictures may be used for non-commercial research only, and "
    "none of them is in this file. YuNet's author does not state what that means for the weights."
)


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """Input of the detector: raw BGR pixels, as real numbers 0 to 255.

    Attributes:
        height: Stored height of the input, in pixels.
        width: Stored width of the input, in pixels.
        is_resizable: Whether an interpreter can resize the input.
        multiple_px: Height and width are multiples of this.
    """

    height: int
    width: int
    is_resizable: bool
    multiple_px: int = 32

    def __post_init__(self) -> None:
        if self.multiple_px < 1 or any(
            side < 1 or side % self.multiple_px for side in (self.height, self.width)
        ):
            raise ModelError(
                f"the card's input is {self.width}x{self.height}; expected multiples of "
                f"{self.multiple_px} pixels"
            )


@dataclass(frozen=True, slots=True)
class Head:
    """One output: float or quantized, (1, height / stride, width / stride, 6).

    Its real values are within -1 to 1. A value times the scale of its channel, plus the offset, is
    the network's original value: the center of a face is (column + dx, row + dy) * stride, width
    and height are exp(d) * stride, the score is sqrt(sigmoid(class) * sigmoid(objectness)).

    Attributes:
        stride: Pixels of the input per cell.
        scales: One for each of `CHANNELS`.
        offsets: One for each of `CHANNELS`.
    """

    stride: int
    scales: tuple[float, ...]
    offsets: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.stride < 1 or not len(self.scales) == len(self.offsets) == len(CHANNELS):
            raise ModelError(
                f"the card has an output of stride {self.stride} with {len(self.scales)} scales "
                f"and {len(self.offsets)} offsets; expected {len(CHANNELS)} of each"
            )


@dataclass(frozen=True, slots=True)
class PictureSet:
    """Pictures that calibrated a quantized detector.

    Attributes:
        source: Name of the folder.
        pictures: Number of inputs made from them.
        digest: Sha256 of the pixels of the inputs.
    """

    source: str
    pictures: int
    digest: str


@dataclass(frozen=True, slots=True)
class DetectorAgreement:
    """Agreement with the source, run by OpenCV, face by face on the calibration pictures.

    Attributes:
        pictures: Inputs that both processed.
        faces: Faces that OpenCV detects with certainty.
        found: Share of them that the file detects.
        strange: Share of the file's certain faces that OpenCV does not detect.
        overlap: Mean intersection over union of the paired boxes.
        score_difference: Mean absolute difference of the paired scores.
    """

    pictures: int
    faces: int
    found: float
    strange: float
    overlap: float
    score_difference: float


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """The card of a face detector.

    Attributes:
        name: Name of the detector and stem of its file.
        architecture: Architecture of the network.
        input: Input of the network.
        heads: Outputs of the network, the finest first.
        scheme: float32, or int8 for all tensors.
        parameters: Weights and biases in the file.
        macs: Multiply-accumulates of one inference at the stored size.
        sha256: Sha256 of the flatbuffer part of the file.
        source: Name of the source file.
        source_sha256: Sha256 of the source file.
        agreement: Agreement with the source file.
        calibration: Pictures that calibrated int8.
        tools: Names and versions of the conversion tools.
        compilation: Compiler, if the file was compiled for a device.
        license: Full text of the license.
        training_data: Known facts about the training data.
        kind: Marks the card of a detector, in contrast to a classifier.
        format_version: Version of the card format.
    """

    name: str
    architecture: str
    input: DetectorInput
    heads: tuple[Head, ...]
    scheme: Literal["float32", "int8"]
    parameters: int
    macs: int
    sha256: str
    source: str
    source_sha256: str
    agreement: DetectorAgreement
    calibration: PictureSet | None = None
    tools: tuple[str, ...] = ()
    compilation: Compilation | None = None
    license: str = YUNET_LICENSE
    training_data: str = YUNET_TRAINING_DATA
    kind: Literal["face-detector"] = KIND
    format_version: int = FORMAT.version

    def __post_init__(self) -> None:
        FORMAT.check_version(self.format_version)
        strides = [head.stride for head in self.heads]
        if not strides or strides != sorted(set(strides)):
            raise ModelError(f"the card's outputs have strides {strides}; expected ascending order")


def card_to_json(card: DetectorCard) -> str:
    """Convert a card to JSON text; see `CardFormat.to_json`."""
    return FORMAT.to_json(card)


def card_from_json(text: str) -> DetectorCard:
    """Parse a card; see `CardFormat.from_json`."""
    return FORMAT.from_json(DetectorCard, text)
