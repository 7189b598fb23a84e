"""One source to `.tflite` files, each scored through the served path before it is kept."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import OutputError
from fer_edge.evaluation.evaluation import card_score, fit_scaling, unscaled_probabilities
from fer_edge.faces.faceset import FaceSet
from fer_edge.files import whole_file
from fer_edge.model.card import Calibration, CardScore, Gate, InputSpec, ModelCard, Quantization
from fer_edge.model.file import ModelFile, pack_model
from fer_edge.model.graph import read_graph
from fer_edge.scoring.scores import Agreement, compare
from fer_edge.scoring.temperature import MIN_FACES, TemperatureScaling

from .quantization.calibration import choose_calibration
from .quantization.gate import fault
from .quantization.loops import check_loops
from .quantization.selective import Exceptions, to_int8_selective
from .quantization.tflite import (
    IntegerType,
    to_dynamic,
    to_float16,
    to_float32,
    to_int8,
    to_int16x8,
)
from .sources.source import Source, float_probabilities

Variant = Literal["float32", "float16", "dynamic", "int8", "int16x8"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
TOOLS = ("tensorflow", "tf-keras", "tensorflow-model-optimization")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What to convert and how.

    Attributes:
        variants: Which files to write; int8 is one by post-training quantization and, where the
            source has such a network, one by quantization-aware training.
        input_type: Of the int8 files.
        output_type: Of the int8 files.
        exceptions: What is not to be int8 in the file of post-training quantization.
        calibration_faces: For post-training quantization.
        calibration_seed: Of their draw.
        gate: What a file must keep to be written.
        replace: Whether existing files may be replaced.
        companions: Names the further files that will be made of an int8 file.
    """

    variants: tuple[Variant, ...] = ("float32", "int8")
    input_type: IntegerType = "uint8"
    output_type: IntegerType = "uint8"
    exceptions: Exceptions = field(default_factory=Exceptions)
    calibration_faces: int = 2048
    calibration_seed: int = 0
    gate: Gate = field(default_factory=Gate)
    replace: bool = False
    companions: Callable[[Path], tuple[Path, ...]] = lambda path: ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A flatbuffer before it is scored; the suffix names the file: NAME-SUFFIX.tflite."""

    suffix: str
    flatbuffer: bytes
    quantization: Quantization


@dataclass(frozen=True, slots=True)
class Converted:
    """One variant, scored.

    Attributes:
        path: The file.
        flatbuffer: What is in it before the card.
        size_bytes: Of the file.
        score: On the validation faces, through the served path.
        agreement: Against the float network.
        temperature: The card's; None where the file was not written, or the faces were too few.
        fault: Why the file was not written; empty if it was.
        float_operators: Operators that an integer file computes in floating point all the same.
    """

    path: Path
    flatbuffer: bytes = field(repr=False)
    size_bytes: int
    score: CardScore
    agreement: Agreement
    temperature: TemperatureScaling | None = None
    fault: str = ""
    float_operators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """The float network on the faces that every file is scored on.

    Attributes:
        faces: The validation part, in the source's order of classes.
        probabilities: float32, (n, classes), the network's.
        score: What they are worth.
    """

    faces: FaceSet
    probabilities: NDArray[np.float32]
    score: CardScore


_FLOAT_FILES: dict[str, tuple[Callable[[Any], bytes], Quantization]] = {
    "float32": (to_float32, Quantization("float32", "none")),
    "float16": (to_float16, Quantization("float16", "none")),
    "dynamic": (to_dynamic, Quantization("dynamic", "ptq")),
}
"""Variant -> what makes it of a network without calibration, and what the card says of it."""


def convert_source(
    source: Source,
    faces: FaceSet,
    out: Path,
    options: Options,
    *,
    calibration: FaceSet | None = None,
    calibration_name: str = "",
    on_variant: Callable[[str], None] = lambda suffix: None,
) -> list[Converted]:
    """Convert, score every file on the validation faces beside the float network, keep the good.

    Args:
        source: What to convert.
        faces: Calibration comes from its `train` part, scores from `validation`.
        out: The folder for NAME-float32.tflite, NAME-int8-ptq.tflite and so on.
        options: What and how.
        calibration: Faces of the user's own to calibrate with, instead.
        calibration_name: Their name for the card.
        on_variant: Called with each file's suffix when its work begins.

    Raises:
        ModelError: A network cannot be converted.
        DatasetError: The face set's classes are not the source's, or a part is missing.
        OutputError: A file exists and must not be replaced, or cannot be written.
    """
    _warn_of_other_data(source, faces)
    faces = faces.in_class_order(source.labels)
    validation = faces.part("validation")
    suffixes = _plan(source, out, options)
    check_loops(source.network)
    pixels, record = choose_calibration(
        faces.part("train") if calibration is None else calibration,
        count=options.calibration_faces,
        seed=options.calibration_seed,
        height=source.height,
        width=source.width,
        source=calibration_name,
    )
    probabilities = float_probabilities(source.network, validation)
    reference = Reference(validation, probabilities, card_score("float", probabilities, validation))
    scored = [
        _score(source, draft, _path(source, out, draft.suffix), reference, options.gate)
        for draft in _drafts(source, suffixes, pixels, record, options, on_variant)
    ]
    # after all are scored: an error in the last one leaves no file of the first
    for converted, content in scored:
        if not converted.fault:
            with whole_file(converted.path) as temporary:
                temporary.write_bytes(content)
    return [converted for converted, _ in scored]


def _warn_of_other_data(source: Source, faces: FaceSet) -> None:
    if source.data is not None and source.data.digest != faces.digest:
        log.warning(
            "the face set is not the one that %s was trained on (%s): its validation faces may "
            "have been trained on",
            source.name,
            source.data.name,
        )


def _plan(source: Source, out: Path, options: Options) -> list[str]:
    """Return the suffixes of the files to make, none of which may exist."""
    suffixes = [
        *(name for name in options.variants if name != "int8"),
        *(["int8-ptq"] if "int8" in options.variants else []),
        *(["int8-qat"] if "int8" in options.variants and source.qat_network is not None else []),
    ]
    for suffix in suffixes:
        path = _path(source, out, suffix)
        others = options.companions(path) if suffix.startswith("int8-") else ()
        for target in (path, *others):
            if target.exists() and not options.replace:
                raise OutputError(
                    f"{target} exists already; name another --out, or pass --overwrite"
                )
    return suffixes


def _score(
    source: Source, draft: Draft, path: Path, reference: Reference, gate: Gate
) -> tuple[Converted, bytes]:
    """Score a draft beside the float network; return what was found, and the file's content."""
    faces = reference.faces
    card = _card(source, draft)
    file = ModelFile(path, draft.flatbuffer, card, len(draft.flatbuffer))
    probabilities, floor = unscaled_probabilities(file, faces)
    served = card_score("served", probabilities, faces)
    agreement = compare(probabilities, reference.probabilities, faces.labels)
    wrong = fault(agreement, probabilities, gate)
    scaling = None
    if not wrong and len(faces) >= MIN_FACES:
        scaling = fit_scaling(probabilities, faces, floor=floor)
    card = replace(
        card,
        scores=(reference.score, served),
        agreement=agreement,
        gate=gate,
        temperature_scaling=scaling,
    )
    content = pack_model(draft.flatbuffer, card)
    is_integer = draft.quantization.scheme in ("int8", "int16x8")
    converted = Converted(
        path=path,
        flatbuffer=draft.flatbuffer,
        size_bytes=len(content),
        score=served,
        agreement=agreement,
        temperature=scaling,
        fault=wrong,
        float_operators=read_graph(draft.flatbuffer).float_operators if is_integer else (),
    )
    return converted, content


def _path(source: Source, out: Path, suffix: str) -> Path:
    return out / f"{source.name}-{suffix}.tflite"


def _drafts(
    source: Source,
    suffixes: list[str],
    pixels: NDArray[np.uint8],
    record: Calibration,
    options: Options,
    on_variant: Callable[[str], None],
) -> Iterator[Draft]:
    types: dict[str, Any] = {
        "input_type": options.input_type,
        "output_type": options.output_type,
    }
    network, words = source.network, options.exceptions.in_words()
    for suffix in suffixes:
        on_variant(suffix)
        if suffix in _FLOAT_FILES:
            to_flatbuffer, quantization = _FLOAT_FILES[suffix]
            yield Draft(suffix, to_flatbuffer(network), quantization)
        elif suffix == "int16x8":
            flatbuffer = to_int16x8(network, pixels)
            yield Draft(suffix, flatbuffer, Quantization("int16x8", "ptq", record))
        elif suffix == "int8-qat":
            flatbuffer = to_int8(source.qat_network, None, **types)
            yield Draft(suffix, flatbuffer, Quantization("int8", "qat"))
        elif words:
            kept: dict[str, Any] = {**asdict(options.exceptions), **types}
            flatbuffer = to_int8_selective(network, pixels, **kept)
            yield Draft(suffix, flatbuffer, Quantization("int8", "ptq", record, words))
        else:
            flatbuffer = to_int8(network, pixels, **types)
            yield Draft(suffix, flatbuffer, Quantization("int8", "ptq", record, words))


def _card(source: Source, draft: Draft) -> ModelCard:
    graph = read_graph(draft.flatbuffer)
    tools = (*TOOLS, *(["ai-edge-quantizer"] if draft.quantization.exceptions else []))
    return ModelCard(
        name=f"{source.name}-{draft.suffix}",
        architecture=source.architecture,
        labels=source.labels,
        input=InputSpec(height=source.height, width=source.width),
        quantization=draft.quantization,
        parameters=graph.parameters,
        macs=graph.macs,
        sha256="",  # pack_model fills it in
        recipe=source.recipe,
        data=source.data,
        tools=(*source.tools, *(f"{name} {metadata.version(name)}" for name in tools)),
        intended_use=source.intended_use,
        limits=source.limits,
        licence=source.licence,
        logit_offsets=source.logit_offsets,
    )
