"""One source to `.tflite` files, each scored through the served path before it is kept."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fer_edge.card import Calibration, CardScore, Gate, InputSpec, ModelCard, Quantization
from fer_edge.errors import OutputError
from fer_edge.evaluation import card_score, fit_scaling, unscaled_probabilities
from fer_edge.faceset import FaceSet
from fer_edge.graph import read_graph
from fer_edge.modelfile import ModelFile, pack_model, write_model
from fer_edge.scores import Agreement, compare
from fer_edge.temperature import MIN_FACES, TemperatureScaling

from .calibration import choose_calibration
from .gate import fault
from .loops import check_loops
from .selective import Exceptions, to_int8_selective
from .source import Source, float_probabilities
from .tflite import IntegerType, to_dynamic, to_float16, to_float32, to_int8, to_int16x8

Variant = Literal["float32", "float16", "dynamic", "int8", "int16x8"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
TOOLS = ("tensorflow", "tf-keras", "tensorflow-model-optimization")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """What to convert and how.

    Attributes:
        variants: Which files to write; int8 is one by post-training quantisation and, where the
            source has such a network, one by quantization-aware training.
        input_type: Of the int8 files.
        output_type: Of the int8 files.
        exceptions: What is not to be int8 in the file of post-training quantisation.
        calibration_faces: For post-training quantisation.
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
    if source.data is not None and source.data.digest != faces.digest:
        log.warning(
            "the face set is not the one that %s was trained on (%s): its validation faces may "
            "have been trained on",
            source.name,
            source.data.name,
        )
    faces = faces.in_class_order(source.labels)
    validation = faces.part("validation")
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

    check_loops(source.network)
    pixels, record = choose_calibration(
        faces.part("train") if calibration is None else calibration,
        count=options.calibration_faces,
        seed=options.calibration_seed,
        height=source.height,
        width=source.width,
        source=calibration_name,
    )
    reference = float_probabilities(source.network, validation)
    float_score = card_score("float", reference, validation)
    results, good = [], []
    for draft in _drafts(source, suffixes, pixels, record, options, on_variant):
        path = _path(source, out, draft.suffix)
        card = _card(source, draft)
        file = ModelFile(path, draft.flatbuffer, card, len(draft.flatbuffer))
        probabilities, floor = unscaled_probabilities(file, validation)
        served = card_score("served", probabilities, validation)
        agreement = compare(probabilities, reference, validation.labels)
        wrong = fault(agreement, probabilities, options.gate)
        scaling = None
        if not wrong and len(validation) >= MIN_FACES:
            scaling = fit_scaling(probabilities, validation, floor=floor)
        card = replace(
            card,
            scores=(float_score, served),
            agreement=agreement,
            gate=options.gate,
            temperature_scaling=scaling,
        )
        integer = draft.quantization.scheme in ("int8", "int16x8")
        results.append(
            Converted(
                path=path,
                flatbuffer=draft.flatbuffer,
                size_bytes=len(pack_model(draft.flatbuffer, card)),
                score=served,
                agreement=agreement,
                temperature=scaling,
                fault=wrong,
                float_operators=read_graph(draft.flatbuffer).float_operators if integer else (),
            )
        )
        if not wrong:
            good.append((path, draft.flatbuffer, card))
    for path, flatbuffer, card in good:
        write_model(path, flatbuffer, card)
    return results


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
    types = {"input_type": options.input_type, "output_type": options.output_type}
    network = source.network
    for suffix in suffixes:
        on_variant(suffix)
        if suffix == "float32":
            yield Draft(suffix, to_float32(network), Quantization("float32", "none"))
        elif suffix == "float16":
            yield Draft(suffix, to_float16(network), Quantization("float16", "none"))
        elif suffix == "dynamic":
            yield Draft(suffix, to_dynamic(network), Quantization("dynamic", "ptq"))
        elif suffix == "int16x8":
            flatbuffer = to_int16x8(network, pixels)
            yield Draft(suffix, flatbuffer, Quantization("int16x8", "ptq", record))
        elif suffix == "int8-ptq":
            words = options.exceptions.in_words()
            if words:
                kept: dict[str, Any] = {**asdict(options.exceptions), **types}
                flatbuffer = to_int8_selective(network, pixels, **kept)
            else:
                flatbuffer = to_int8(network, pixels, **types)
            yield Draft(suffix, flatbuffer, Quantization("int8", "ptq", record, words))
        else:
            flatbuffer = to_int8(source.qat_network, None, **types)
            yield Draft(suffix, flatbuffer, Quantization("int8", "qat"))


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
