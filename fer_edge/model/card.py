"""The model card: what a `.tflite` file says of itself, as JSON inside the file.

The runtime trusts the tensors for scale, zero point and dtype, and the card for meaning: which
output is which expression, how a face is cut, where the model comes from, how good it is.
"""

import json
from dataclasses import dataclass, field
from typing import Literal

from fer_edge.documents import parse_json
from fer_edge.errors import ModelError
from fer_edge.faces.labels import FER2013, FERPLUS_CLASSES
from fer_edge.faces.preprocess import Colors, CropPolicy
from fer_edge.schema import decode, encode
from fer_edge.scoring.scores import Agreement
from fer_edge.scoring.temperature import TemperatureScaling
from fer_edge.shown import printable

FORMAT_VERSION = 1
MOST_PIXELS = 4096
MOST_RANGE = 1e6
"""Bounds of a model's input: beyond them a card is damaged."""
MOST_LABELS = 10_000
LONGEST_LABEL = 200

INTENDED_USE = (
    "Reading the shown facial expression of people who know of it and agreed. An expression is "
    "not a feeling. Not for emotion inference at work or in schools, which the EU AI Act "
    "(Art. 5(1)(f)) forbids, and not for decisions about people."
)
LIMITS = (
    "Frontal faces, about 40 pixels or larger. Labels of FER2013 are noisy: people agree with "
    "them on about two faces of three. Fear, sad, angry and disgust are read worst; accuracy "
    "differs between groups of people and was not measured by group."
)
LICENCE = (
    "Weights: Apache-2.0. FER2013 was published for a Kaggle competition (2013) and its public "
    "copies state no licence; no image of it is in this file."
)
FERPLUS_LIMITS = (
    "Frontal faces, about 40 pixels or larger. The labels are what most of ten taggers said; faces "
    "without a majority were left out. Disgust, fear and contempt are rare in the training data; "
    "accuracy differs between groups of people and was not measured by group."
)
OWN_LIMITS = (
    "Faces like those it was trained on. fer-edge knows nothing of its data; accuracy differs "
    "between groups of people and was not measured by group."
)
OWN_LICENCE = "As the maker of the weights and of the data says; no training image is in this file."
UNKNOWN_LIMITS = "Not stated; test it on faces like yours, and write down what you found."
UNKNOWN_LICENCE = "Not stated; ask whoever made the model."

_TEXTS = {FER2013: (LIMITS, LICENCE), FERPLUS_CLASSES: (FERPLUS_LIMITS, LICENCE)}


@dataclass(frozen=True, slots=True)
class DataInfo:
    """The identity of a face set.

    Attributes:
        name: Its file's name.
        digest: `FaceSet.digest`.
        train: Number of training faces.
        validation: Number of validation faces.
    """

    name: str
    digest: str
    train: int
    validation: int


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the model reads.

    Attributes:
        height: In pixels.
        width: In pixels.
        channels: 1, grey, or 3, which only files from elsewhere have.
        minimum: Real value of a black pixel.
        maximum: Real value of a white pixel.
        crop: How a detector's box becomes the model's square.
        color_order: Of three channels.
    """

    height: int
    width: int
    channels: int = 1
    minimum: float = 0.0
    maximum: float = 1.0
    crop: CropPolicy = field(default_factory=CropPolicy)
    color_order: Literal["rgb", "bgr"] = "rgb"

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise ModelError(f"the card's input has {self.channels} channels; expected 1 or 3")
        if not 1 <= self.height <= MOST_PIXELS or not 1 <= self.width <= MOST_PIXELS:
            raise ModelError(
                f"the card's input is {self.height}x{self.width}; expected sides of 1 to "
                f"{MOST_PIXELS} pixels"
            )
        # a comparison with NaN is never true
        if not -MOST_RANGE <= self.minimum < self.maximum <= MOST_RANGE:
            raise ModelError(
                f"the card's input goes from {self.minimum} to {self.maximum}; expected black "
                f"below white, both within {-MOST_RANGE:g} to {MOST_RANGE:g}"
            )

    @property
    def colors(self) -> Colors:
        """What the channels are."""
        return "grey" if self.channels == 1 else self.color_order


@dataclass(frozen=True, slots=True)
class Calibration:
    """The faces by which post-training quantization chose its ranges.

    Attributes:
        faces: How many, balanced over the classes as far as there are.
        seed: Of the draw.
        digest: Sha256 of their pixels.
        source: Where they come from: empty for the training part of the model's own data.
    """

    faces: int
    seed: int
    digest: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Quantization:
    """How the numbers are stored.

    Attributes:
        scheme: float32; float16 (weights; activations float32); dynamic (int8 weights, activations
            quantized at each inference); int8 (both, throughout); int16x8 (int16 activations, int8
            weights).
        method: none (no integers), ptq (post-training), qat (quantization-aware training), or
            unknown for a file from elsewhere.
        calibration: What PTQ looked at.
        exceptions: What deviates from the scheme, in words: layers kept float32 or int16, clipped
            ranges.
    """

    scheme: Literal["float32", "float16", "dynamic", "int8", "int16x8"]
    method: Literal["none", "ptq", "qat", "unknown"]
    calibration: Calibration | None = None
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """What a file had to keep of the float network's accuracy to be written.

    Attributes:
        max_drop_points: It may lose at most this many points of accuracy.
        min_agreement: Its top-1 agreement with the float network is at least this share.
    """

    max_drop_points: float = 0.5
    min_agreement: float = 0.0


@dataclass(frozen=True, slots=True)
class Compilation:
    """What a device's compiler made of the file.

    Attributes:
        target: edgetpu (Coral).
        compiler: Its name and version, in its own words.
        source_sha256: Of the flatbuffer that it was given.
    """

    target: Literal["edgetpu"]
    compiler: str
    source_sha256: str


@dataclass(frozen=True, slots=True)
class CardScore:
    """One model's score on one split, taken through the served path; shares are 0 to 1.

    At temperature 1, so that the network itself is scored, and beside the float one.

    Attributes:
        variant: float (the network that was trained, run by Keras) or served (this file).
        split: Of the face set; models are selected on validation.
        n: Faces scored.
        accuracy: Top-1 accuracy.
        n_without_duplicates: Faces that do not stand in the training part pixel for pixel.
        accuracy_without_duplicates: Top-1 accuracy on those.
        balanced_accuracy: Mean recall over classes.
        macro_f1: Mean F1 over classes.
        calibration_error: Expected calibration error, 15 bins; that at the card's temperature is
            in `TemperatureScaling`.
        recall: Recall per class, in label order.
        top3_accuracy: Share of faces whose class is among the three most probable ones.
        ferplus_n: Faces that most FER+ taggers gave one of the model's classes, if there are votes.
        ferplus_accuracy: Top-1 accuracy on those against what the taggers said.
    """

    variant: Literal["float", "served"]
    split: str
    n: int
    accuracy: float
    n_without_duplicates: int
    accuracy_without_duplicates: float
    balanced_accuracy: float
    macro_f1: float
    calibration_error: float
    recall: tuple[float, ...]
    top3_accuracy: float | None = None
    ferplus_n: int | None = None
    ferplus_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card.

    Attributes:
        name: The model's name, also its file's stem.
        architecture: Name in the zoo.
        labels: The classes in output order; what the runtime reads.
        input: What the model reads.
        quantization: How the numbers are stored.
        parameters: Weights and biases in the file.
        macs: Multiply-accumulates of one inference.
        sha256: Of the flatbuffer part of the file.
        recipe: The training recipe, as TOML.
        data: What it was trained on.
        tools: Names and versions of what trained and converted it.
        scores: Through the served path.
        agreement: This file against the float network, on the validation faces.
        gate: The bar that the agreement passed; None in older files.
        intended_use: For whom and what.
        limits: Where it fails; left empty, what is known of the labels' usual data.
        licence: Of weights and data; left empty, likewise.
        compilation: How it was compiled for a device; None if it was not.
        logit_offsets: What was added to the trained network's logits, in label order, so that rare
            classes are read more often; it is in the graph, and the scores have it, the float
            network's, too. Empty: nothing.
        temperature_scaling: By what the runtime scales the probabilities so that 0.8 means 80 %;
            None where it was never fitted, as in older files.
        format_version: Of this card.
    """

    name: str
    architecture: str
    labels: tuple[str, ...]
    input: InputSpec
    quantization: Quantization
    parameters: int
    macs: int
    sha256: str
    recipe: str = ""
    data: DataInfo | None = None
    tools: tuple[str, ...] = ()
    scores: tuple[CardScore, ...] = ()
    agreement: Agreement | None = None
    gate: Gate | None = None
    intended_use: str = INTENDED_USE
    limits: str = ""
    licence: str = ""
    compilation: Compilation | None = None
    logit_offsets: tuple[float, ...] = ()
    temperature_scaling: TemperatureScaling | None = None
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        _check_version(self.format_version)
        _check_labels(self.labels)
        _check_counts(self)
        limits, licence = _TEXTS.get(self.labels, (OWN_LIMITS, OWN_LICENCE))
        # the way to fill a field of a frozen dataclass from another one
        object.__setattr__(self, "limits", self.limits or limits)
        object.__setattr__(self, "licence", self.licence or licence)

    @property
    def temperature(self) -> float:
        """The temperature at which the probabilities are read; 1 where none was fitted."""
        return 1.0 if self.temperature_scaling is None else self.temperature_scaling.value

    def served_score(self) -> CardScore | None:
        """Return the score of this very file, if the card has one."""
        return next((score for score in self.scores if score.variant == "served"), None)


def _check_labels(labels: tuple[str, ...]) -> None:
    if not 2 <= len(set(labels)) == len(labels) <= MOST_LABELS:
        raise ModelError(
            f"the card has {len(labels)} labels, {len(set(labels))} of them different; expected "
            f"2 to {MOST_LABELS} different names"
        )
    for label in labels:
        if not label.strip() or not label.isprintable() or len(label) > LONGEST_LABEL:
            raise ModelError(
                f"the card's label {label[:LONGEST_LABEL]!r} cannot be shown; expected 1 to "
                f"{LONGEST_LABEL} printable characters"
            )


def _check_counts(card: ModelCard) -> None:
    """Check the numbers that belong to the labels, one by one, and those that are counts."""
    lists = [("recalls", score.recall) for score in card.scores]
    lists += [("logit offsets", card.logit_offsets)] if card.logit_offsets else []
    for what, values in lists:
        if len(values) != len(card.labels):
            raise ModelError(
                f"the card has {len(values)} {what} for {len(card.labels)} labels; expected as many"
            )
    for what, value in (("parameters", card.parameters), ("MACs", card.macs)):
        if value < 0:
            raise ModelError(f"the card has {value} {what}; expected 0 or more")


def card_to_json(card: ModelCard) -> str:
    """Write a card as JSON text; the same card gives the same text."""
    return json.dumps(encode(card), indent=2, ensure_ascii=False) + "\n"


def card_from_json(text: str | bytes) -> ModelCard:
    """Read a card.

    Raises:
        ModelError: The text is not a card of this format.
    """
    try:
        data = parse_json(text)
        if isinstance(data, dict):  # first: a newer format may have keys that this one lacks
            _check_version(data.get("format_version", FORMAT_VERSION))
        return decode(ModelCard, data)
    except ValueError as error:  # a SchemaError is one, too
        raise ModelError(f"the card is damaged: {error}; convert the model again") from error


def _check_version(version: object) -> None:
    if version != FORMAT_VERSION:
        raise ModelError(
            f"the card has format version {printable(version, 40)}, this fer-edge reads "
            f"{FORMAT_VERSION}; convert the model again or upgrade fer-edge"
        )
