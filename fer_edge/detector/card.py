"""What a face detector's `.tflite` file says of itself, as JSON inside the file."""

import json
from dataclasses import dataclass
from typing import Literal

from fer_edge.documents import parse_json
from fer_edge.errors import ModelError
from fer_edge.model.card import Compilation
from fer_edge.schema import decode, encode
from fer_edge.shown import printable

KIND: Literal["face-detector"] = "face-detector"
FORMAT_VERSION = 1
CHANNELS = ("dx", "dy", "log width", "log height", "class", "objectness")
"""What the last axis of each output holds."""

YUNET_LICENCE = """\
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
    "WIDER FACE (Yang et al. 2016), whose pictures are for non-commercial research; no picture is "
    "in this file. Its author left open what that means for the weights."
)


@dataclass(frozen=True, slots=True)
class DetectorInput:
    """What the detector reads: raw BGR pixels, as real numbers 0 to 255.

    Attributes:
        height: Of the input as it is stored, in pixels.
        width: Of the input as it is stored, in pixels.
        is_resizable: Whether an interpreter may give it another size.
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
    """One of the outputs: float or quantized, (1, height / stride, width / stride, 6).

    Its real numbers lie within -1 to 1. A number times its channel's scale, plus its offset, is the
    network's own: a face's centre is (column + dx, row + dy) * stride, its width and height are
    exp(d) * stride, its score is sqrt(sigmoid(class) * sigmoid(objectness)).

    Attributes:
        stride: Pixels of the input for a cell.
        scales: Of each of `CHANNELS`.
        offsets: Of each of `CHANNELS`.
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
    """The pictures by which a quantized detector chose its ranges.

    Attributes:
        source: Name of the folder.
        pictures: How many inputs were made of them.
        digest: Sha256 of the inputs' pixels.
    """

    source: str
    pictures: int
    digest: str


@dataclass(frozen=True, slots=True)
class DetectorAgreement:
    """The file against its source run by OpenCV, face by face, on the calibration pictures.

    Attributes:
        pictures: Inputs that both looked at.
        faces: Faces that OpenCV is sure of.
        found: Share of them that the file finds.
        strange: Share of the file's sure faces that OpenCV has none for.
        overlap: Mean intersection over union of the pairs of boxes.
        score_difference: Mean absolute difference of the pairs' scores.
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
        name: Also the file's stem.
        architecture: Of the network.
        input: What it reads.
        heads: Its outputs, the finest first.
        scheme: float32, or int8 throughout.
        parameters: Weights and biases in the file.
        macs: Multiply-accumulates of one look at the stored size.
        sha256: Of the flatbuffer part of the file.
        source: Name of the file it was made from.
        source_sha256: Of that file.
        agreement: With that file.
        calibration: By what int8 chose its ranges.
        tools: Names and versions of what converted it.
        compilation: By what, if it was compiled for a device.
        licence: Full text.
        training_data: What is known of it.
        kind: Tells it from a classifier's card.
        format_version: Of this card.
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
    licence: str = YUNET_LICENCE
    training_data: str = YUNET_TRAINING_DATA
    kind: Literal["face-detector"] = KIND
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        _check_version(self.format_version)
        strides = [head.stride for head in self.heads]
        if not strides or strides != sorted(set(strides)):
            raise ModelError(f"the card's outputs have strides {strides}; expected rising ones")


def card_to_json(card: DetectorCard) -> str:
    """Write a card as JSON text; the same card gives the same text."""
    return json.dumps(encode(card), indent=2, ensure_ascii=False) + "\n"


def card_from_json(text: str) -> DetectorCard:
    """Read a card.

    Raises:
        ModelError: The text is not a card of this format.
    """
    try:
        data = parse_json(text)
        if isinstance(data, dict):  # first: a newer format may have keys that this one lacks
            _check_version(data.get("format_version", FORMAT_VERSION))
        return decode(DetectorCard, data)
    except ValueError as error:  # a SchemaError is one, too
        raise ModelError(
            f"the card is damaged: {error}; make it again: fer-edge convert-detector"
        ) from error


def _check_version(version: object) -> None:
    if version != FORMAT_VERSION:
        raise ModelError(
            f"the detector's card has format version {printable(version, 40)}, this fer-edge reads "
            f"{FORMAT_VERSION}; make it again with fer-edge convert-detector, or upgrade fer-edge"
        )
