"""One source to `.tflite` files, each scored through the served path before it is written."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError, OutputError
from fer_edge.evaluation.evaluation import card_score, fit_scaling, unscaled_probabilities
from fer_edge.faces.faceset import FaceSet
from fer_edge.files import whole_file
from fer_edge.model.card import Calibration, CardScore, Gate, InputSpec, ModelCard, Quantization
from fer_edge.model.file import ModelFile, pack_model
from fer_edge.model.graph import read_graph
from fer_edge.scoring.scores import compare
from fer_edge.scoring.temperature import MIN_FACES

from .converted import Converted
from .devices.edge_targets import EdgeTarget, companions_of, open_targets, write_companions
from .layer_files import measure_layers
from .options import Options
from .quantization.calibration import choose_calibration
from .quantization.gate import fault
from .quantization.loops import check_loops
from .quantization.selective import to_int8_selective
from .quantization.tflite import (
    to_dynamic,
    to_float16,
    to_float32,
    to_int8,
    to_int16x8,
)
from .sources.logit_offsets import warn_of_empty_pictures, with_logit_offsets
from .sources.source import Source, check_finite, float_probabilities

TOOLS = ("tensorflow", "tf-keras", "tensorflow-model-optimization")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Draft:
    """A flatbuffer before it is scored; the suffix names the file: NAME-SUFFIX.tflite."""

    suffix: str
    flatbuffer: bytes
    quantization: Quantization


@dataclass(frozen=True, slots=True)
class Reference:
    """The float network on the faces that every file is scored on.

    Attributes:
        faces: Validation split, in the source's class order.
        probabilities: float32, (n, classes), from the network.
        score: Scores of these probabilities.
    """

    faces: FaceSet
    probabilities: NDArray[np.float32]
    score: CardScore


_FLOAT_FILES: dict[str, tuple[Callable[[Any], bytes], Quantization]] = {
    "float32": (to_float32, Quantization("float32", "none")),
    "float16": (to_float16, Quantization("float16", "none")),
    "dynamic": (to_dynamic, Quantization("dynamic", "ptq")),
}
"""Variant -> converter from a network without calibration, and its description in the card."""


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
    """Convert, score each file on the validation faces, and write those that pass the gate.

    Args:
        source: Network to convert; `options.logit_offsets` change it.
        faces: Its `train` split is used for calibration, its `validation` split for scores.
        out: Folder for NAME-float32.tflite, NAME-int8-ptq.tflite and the other files.
        options: What to convert, and how.
        calibration: Other faces for calibration.
        calibration_name: Their name for the card.
        on_variant: Called with the suffix of each file before it is created.

    Raises:
        ModelError: A network cannot be converted, or produces values that are not finite; or
            `options.logit_offsets` do not fit it.
        DatasetError: The face set's classes differ from the source's, or a split is missing.
        OutputError: A file exists and must not be replaced, or cannot be written.
        PluginError: A target is unknown, or cannot be used.
    """
    targets = open_targets(options.targets)
    _warn_of_other_data(source, faces)
    faces = faces.in_class_order(source.labels)
    validation = faces.part("validation")
    suffixes = _plan(source, out, options, targets)
    source = _with_options(source, options)
    check_loops(source.network)
    probabilities = float_probabilities(source.network, validation, light=source.light)
    check_finite(probabilities, source.name)
    pixels, record = choose_calibration(
        faces.part("train") if calibration is None else calibration,
        count=options.calibration_faces,
        seed=options.calibration_seed,
        height=source.height,
        width=source.width,
        light=source.light,
        source=calibration_name,
    )
    reference = Reference(validation, probabilities, card_score("float", probabilities, validation))
    scored = [
        _score(source, draft, _path(source, out, draft.suffix), reference, options.gate)
        for draft in _drafts(source, suffixes, pixels, record, options, on_variant)
    ]
    # written after all are scored: an error in the last one leaves no files
    for converted, content in scored:
        if not converted.fault:
            with whole_file(converted.path) as temporary:
                temporary.write_bytes(content)
    results = [converted for converted, _ in scored]
    if options.layer_report:
        results = _with_layers(scored, source, validation)
    return _with_target_reports(results, targets)


def _with_options(source: Source, options: Options) -> Source:
    """Apply the options that change what a network reads and says."""
    light = options.light or source.light
    return with_logit_offsets(replace(source, light=light), options.logit_offsets)


def _with_layers(
    scored: list[tuple[Converted, bytes]], source: Source, validation: FaceSet
) -> list[Converted]:
    """Measure every layer of the int8 files that the runtime can run."""
    files = {item.path: item.flatbuffer for item, content in scored if item.is_int8 and content}
    reports = measure_layers(source, validation, files) if files else {}
    return [replace(item, layers=reports.get(item.path)) for item, _ in scored]


def _with_target_reports(
    results: list[Converted], targets: Sequence[EdgeTarget]
) -> list[Converted]:
    """Create the files of targets for the int8 files that were written."""
    written = [item.path for item in results if item.is_int8 and not item.fault]
    reports = write_companions(written, targets)
    return [replace(item, target_reports=reports.get(item.path, ())) for item in results]


def _warn_of_other_data(source: Source, faces: FaceSet) -> None:
    if source.data is not None and source.data.digest != faces.digest:
        log.warning(
            "%s was trained on a different face set (%s): it may have been trained on the "
            "validation faces",
            source.name,
            source.data.name,
        )


def _plan(source: Source, out: Path, options: Options, targets: Sequence[EdgeTarget]) -> list[str]:
    """Return the suffixes of the files to create; none of the files may exist."""
    suffixes = [
        *(name for name in options.variants if name != "int8"),
        *(["int8-ptq"] if "int8" in options.variants else []),
        *(["int8-qat"] if "int8" in options.variants and source.qat_network is not None else []),
    ]
    for suffix in suffixes:
        path = _path(source, out, suffix)
        others = companions_of(path, targets) if suffix.startswith("int8-") else ()
        for target in (path, *others):
            if target.exists() and not options.overwrite:
                raise OutputError(
                    f"{target} already exists; choose another --out, or pass --overwrite"
                )
    return suffixes


def _score(
    source: Source, draft: Draft, path: Path, reference: Reference, gate: Gate
) -> tuple[Converted, bytes]:
    """Score a draft and the float network.

    Returns:
        The result, and the content of the file; empty if the runtime cannot run it.
    """
    faces = reference.faces
    card = _card(source, draft)
    file = ModelFile(path, draft.flatbuffer, card, len(draft.flatbuffer))
    unusable = ""
    try:
        probabilities, floor = unscaled_probabilities(file, faces)
    except ModelError as error:  # the other files are still written
        probabilities, floor = np.full_like(reference.probabilities, np.nan), 0.0
        unusable = str(error).removeprefix(str(path)).strip(" :.")
    served = card_score("served", probabilities, faces)
    agreement = compare(probabilities, reference.probabilities, faces.labels)
    wrong = unusable or fault(agreement, probabilities, gate)
    scaling = None
    has_probabilities = served.calibration_error is not None
    if not wrong and has_probabilities and len(faces) >= MIN_FACES:
        scaling = fit_scaling(probabilities, faces, floor=floor)
        warn_of_empty_pictures(source.labels, source.logit_offsets, scaling.value, path.name)
    card = replace(
        card,
        scores=(reference.score, served),
        agreement=agreement,
        gate=gate,
        temperature_scaling=scaling,
    )
    content = b"" if unusable else pack_model(draft.flatbuffer, card)
    is_integer = draft.quantization.scheme in ("int8", "int16x8")
    converted = Converted(
        path=path,
        flatbuffer=draft.flatbuffer,
        size_bytes=len(content or draft.flatbuffer),
        score=served,
        agreement=agreement,
        temperature=scaling,
        fault=wrong,
        can_run=not unusable,
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
        elif suffix == "int8-ptq" and words:
            kept: dict[str, Any] = {**asdict(options.exceptions), **types}
            flatbuffer = to_int8_selective(network, pixels, **kept)
            yield Draft(suffix, flatbuffer, Quantization("int8", "ptq", record, words))
        elif suffix == "int8-ptq":
            flatbuffer = to_int8(network, pixels, **types)
            yield Draft(suffix, flatbuffer, Quantization("int8", "ptq", record))


def _card(source: Source, draft: Draft) -> ModelCard:
    graph = read_graph(draft.flatbuffer)
    tools = (*TOOLS, *(["ai-edge-quantizer"] if draft.quantization.exceptions else []))
    return ModelCard(
        name=f"{source.name}-{draft.suffix}",
        architecture=source.architecture,
        labels=source.labels,
        input=InputSpec(height=source.height, width=source.width, light=source.light),
        quantization=draft.quantization,
        parameters=graph.parameters,
        macs=graph.macs,
        sha256="",  # set by pack_model
        recipe=source.recipe,
        data=source.data,
        tools=(*source.tools, *(f"{name} {metadata.version(name)}" for name in tools)),
        intended_use=source.intended_use,
        limits=source.limits,
        license=source.license,
        logit_offsets=source.logit_offsets,
    )
