"""The model card, JSON inside the `.tflite` file.

The runtime takes scale, zero point and dtype from the tensors, and the meaning from the card:
expression of each output, crop of a face, origin and accuracy of the model.
"""

from dataclasses import dataclass, field
from typing import Literal

from fer_edge.errors import ModelError
from fer_edge.faces.labels import FER2013, FERPLUS_CLASSES
from fer_edge.faces.light import Light
from fer_edge.faces.preprocess import Colors, CropPolicy
from fer_edge.model.card_checks import (
    check_input,
    check_input_range,
    check_labels,
    check_line,
    check_paragraphs,
)
from fer_edge.model.card_format import CardFormat
from fer_edge.scoring.scores import Agreement
from fer_edge.scoring.temperature import TemperatureScaling

FORMAT = CardFormat(1, "the model", "convert the model again")

INTENDED_USE = (
    "Recognizing facial expressions of people who know about it and agreed. An expression is "
    "not a feeling. Not for emotion inference at work or in schools, which the EU AI Act "
    "(Art. 5(1)(f)) forbids, and not for decisions about people."
)
LIMITS = (
    "Frontal faces, about 40 pixels or larger. FER2013's labels are noisy: people agree with about "
    "two in three. Accuracy is lowest for fear, sad, angry and disgust; it differs between groups "
    "of people and was not measured by group."
)
LICENSE = (
    "Weights: Apache-2.0. FER2013 was published for a Kaggle competition (2013); its public "
    "copies state no license. No image of it is in this file."
)
FERPLUS_LIMITS = (
    "Frontal faces, about 40 pixels or larger. The labels are the majority votes of ten taggers; "
    "faces without a majority were left out. Disgust, fear and contempt are rare in the training "
    "data; accuracy differs between groups of people and was not measured by group."
)
OWN_LIMITS = (
    "Faces like those in the training data, about which fer-edge knows nothing. Accuracy differs "
    "between groups of people and was not measured by group."
)
OWN_LICENSE = (
    "Set by the makers of the weights and of the data; this file contains no training image."
)
UNKNOWN_LIMITS = "Not stated; test the model on faces like yours and write down what you find."
UNKNOWN_LICENSE = "Not stated; ask the author of the model."

_PUBLISHED: dict[tuple[tuple[str, ...], int, int] | None, tuple[str, str]] = {
    (FER2013, 28_709, 3_589): (LIMITS, LICENSE),
    (FERPLUS_CLASSES, 25_059, 3_199): (FERPLUS_LIMITS, LICENSE),
}
"""Labels and numbers of faces for training and validation -> limits and license of FER2013, and of
its pictures with FER+'s classes. Own faces often have the same labels; a digest would also depend
on whether PrivateTest was imported."""


@dataclass(frozen=True, slots=True)
class DataInfo:
    """Identity of a face set.

    Attributes:
        name: File name.
        digest: Digest of the face set (`FaceSet.digest`).
        train: Number of training faces.
        validation: Number of validation faces.
    """

    name: str
    digest: str
    train: int
    validation: int


@dataclass(frozen=True, slots=True)
class InputSpec:
    """Input of the model.

    Attributes:
        height: Height in pixels.
        width: Width in pixels.
        channels: 1 for gray, or 3 (only in foreign files).
        minimum: Real value of a black pixel.
        maximum: Real value of a white pixel.
        crop: Mapping of a detector's box to the model's square.
        color_order: Order of three channels.
        light: Whether dark, pale and noisy faces are corrected before the model reads them; older
            files are served unchanged.
    """

    height: int
    width: int
    channels: int = 1
    minimum: float = 0.0
    maximum: float = 1.0
    crop: CropPolicy = field(default_factory=CropPolicy)
    color_order: Literal["rgb", "bgr"] = "rgb"
    light: Light = "unchanged"

    def __post_init__(self) -> None:
        check_input(self.height, self.width, self.channels)
        check_input_range(self.minimum, self.maximum)

    @property
    def colors(self) -> Colors:
        """Meaning of the channels."""
        return "gray" if self.channels == 1 else self.color_order


@dataclass(frozen=True, slots=True)
class Calibration:
    """Faces that calibrated post-training quantization.

    Attributes:
        faces: Number of faces, balanced over the classes if possible.
        seed: Seed of the sample.
        digest: Sha256 of the pixels.
        source: Origin of the faces; empty for the training split of the model's own data.
    """

    faces: int
    seed: int
    digest: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Quantization:
    """Storage of the numbers.

    Attributes:
        scheme: float32; float16 (float16 weights, float32 activations); dynamic (int8 weights,
            activations quantized at each inference); int8 (weights and activations); int16x8 (int16
            activations, int8 weights).
        method: none (no integers), ptq (post-training), qat (quantization-aware training), or
            unknown for a foreign file.
        calibration: Calibration faces of PTQ.
        exceptions: Deviations from the scheme, in words: layers kept float32 or int16, clipped
            ranges.
    """

    scheme: Literal["float32", "float16", "dynamic", "int8", "int16x8"]
    method: Literal["none", "ptq", "qat", "unknown"]
    calibration: Calibration | None = None
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """Accuracy requirement for writing a file, relative to the float network.

    Attributes:
        max_drop_points: Largest loss of accuracy, in points, 0 to 100.
        min_agreement: Lowest top-1 agreement with the float network, 0 to 1.
    """

    max_drop_points: float = 0.5
    min_agreement: float = 0.0


@dataclass(frozen=True, slots=True)
class Compilation:
    """Compilation of the file for a device.

    Attributes:
        target: edgetpu (Coral).
        compiler: Name and version of the compiler, as it prints them.
        source_sha256: Sha256 of the source flatbuffer.
    """

    target: Literal["edgetpu"]
    compiler: str
    source_sha256: str


@dataclass(frozen=True, slots=True)
class CardScore:
    """Scores of one model on one split, measured through the served path; shares are 0 to 1.

    Measured at temperature 1, to score the network itself and to compare with the float network.

    Attributes:
        variant: float (the trained network, run by Keras) or served (this file).
        split: Split of the face set; models are selected on validation.
        n: Number of faces.
        accuracy: Top-1 accuracy.
        n_without_duplicates: Number of faces that do not occur in the training split.
        accuracy_without_duplicates: Top-1 accuracy on these; if there are none, `accuracy`.
        balanced_accuracy: Mean recall over classes.
        macro_f1: Mean F1 over classes.
        calibration_error: Expected calibration error, 15 bins; at the card's temperature it is in
            `TemperatureScaling`. None if the outputs are not probabilities.
        recall: Recall per class, in label order.
        top3_accuracy: Share of faces with the true class among the three most probable ones.
        ferplus_n: Number of faces with a FER+ majority for one of the model's classes, if votes
            exist.
        ferplus_accuracy: Top-1 accuracy on these against the majority of the taggers.
    """

    variant: Literal["float", "served"]
    split: str
    n: int
    accuracy: float
    n_without_duplicates: int
    accuracy_without_duplicates: float
    balanced_accuracy: float
    macro_f1: float
    calibration_error: float | None
    recall: tuple[float, ...]
    top3_accuracy: float | None = None
    ferplus_n: int | None = None
    ferplus_accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The card of a model.

    Attributes:
        name: Name of the model and stem of its file.
        architecture: Name of the architecture.
        labels: Classes in output order; the runtime uses these.
        input: Input of the model.
        quantization: Storage of the numbers.
        parameters: Weights and biases in the file.
        macs: Multiply-accumulates of one inference.
        sha256: Sha256 of the flatbuffer part of the file.
        recipe: Training recipe, as TOML.
        data: Training data.
        tools: Names and versions of the training and conversion tools.
        scores: Scores through the served path.
        agreement: Agreement of this file with the float network, on the validation faces.
        gate: Requirement that the agreement met; None in older files.
        intended_use: Intended use.
        limits: Known limits; if empty, those of FER2013 or FER+ if `data` is one of them, otherwise
            those of unknown faces.
        license: License of weights and data; if empty, the same.
        compilation: Compilation for a device; None if there was none.
        logit_offsets: Offsets added to the trained network's logits, in label order, so that rare
            classes are recognized more often; part of the graph and of all scores, including those
            of the float network. Empty for none.
        temperature_scaling: Temperature by which the runtime scales the probabilities so that 0.8
            means 80%; None if never fitted, as in older files.
        format_version: Version of the card format.
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
    license: str = ""
    compilation: Compilation | None = None
    logit_offsets: tuple[float, ...] = ()
    temperature_scaling: TemperatureScaling | None = None
    format_version: int = FORMAT.version

    def __post_init__(self) -> None:
        FORMAT.check_version(self.format_version)
        check_labels(self.labels)
        check_line("name", self.name)
        check_line("architecture", self.architecture)
        for key in ("intended_use", "limits", "license"):
            check_paragraphs(key, getattr(self, key))
        _check_counts(self)
        data = None if self.data is None else (self.labels, self.data.train, self.data.validation)
        limits, license = _PUBLISHED.get(data, (OWN_LIMITS, OWN_LICENSE))
        # the way to set a field of a frozen dataclass from another field
        object.__setattr__(self, "limits", self.limits or limits)
        object.__setattr__(self, "license", self.license or license)

    @property
    def temperature(self) -> float:
        """The temperature of the probabilities; 1 if none was fitted."""
        return 1.0 if self.temperature_scaling is None else self.temperature_scaling.value

    def served_score(self) -> CardScore | None:
        """Return the scores of this file, if the card has them."""
        return next((score for score in self.scores if score.variant == "served"), None)


def _check_counts(card: ModelCard) -> None:
    """Check the number of values per label, and the counts."""
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
    """Convert a card to JSON text; see `CardFormat.to_json`."""
    return FORMAT.to_json(card)


def card_from_json(text: str | bytes) -> ModelCard:
    """Parse a card; see `CardFormat.from_json`."""
    return FORMAT.from_json(ModelCard, text)
