"""One run folder to `.tflite` files, each scored through the served path before it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fer_edge.card import CardScore, InputSpec, ModelCard, Quantization
from fer_edge.errors import DatasetError, ModelError, OutputError
from fer_edge.evaluation import card_score, served_probabilities
from fer_edge.faceset import FaceSet
from fer_edge.graph import read_graph
from fer_edge.interpreter import TFLiteModel
from fer_edge.modelfile import ModelFile, pack_model, write_model
from fer_edge.runfolder import RECIPE, RunInfo, load_info
from fer_edge.scores import Agreement, compare

from .calibration import choose_calibration
from .keras_models import load_float_network, load_qat_network
from .tflite import IntegerType, to_float32, to_int8

Variant = Literal["float32", "int8"]
TOOLS = ("tensorflow", "tf-keras", "tensorflow-model-optimization")


@dataclass(frozen=True, slots=True)
class Options:
    """What to convert and how.

    Attributes:
        int8: Whether to write int8 files; the float32 file is always made, as the reference.
        float32: Whether to keep the float32 file.
        input_type: Of the int8 files.
        output_type: Of the int8 files.
        calibration_faces: For post-training quantisation.
        calibration_seed: Of their draw.
        max_drop_points: An int8 file that loses more accuracy than this is not written.
        replace: Whether existing files may be replaced.
    """

    int8: bool = True
    float32: bool = True
    input_type: IntegerType = "uint8"
    output_type: IntegerType = "uint8"
    calibration_faces: int = 512
    calibration_seed: int = 0
    max_drop_points: float = 0.5
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Converted:
    """One file that was written."""

    path: Path
    size_bytes: int
    score: CardScore
    agreement: Agreement | None


def convert_run(run: Path, faces: FaceSet, out: Path, options: Options) -> list[Converted]:
    """Convert a run and score every file on the validation faces.

    Args:
        run: A finished run folder.
        faces: The face set it was trained on: calibration comes from `train`, scores from
            `validation`.
        out: The folder for NAME-float32.tflite, NAME-int8-ptq.tflite and NAME-int8-qat.tflite.
        options: What and how.

    Raises:
        ModelError: The network cannot be read or converted, or an int8 file loses too much.
        DatasetError: The face set is another than the run's.
        OutputError: A file exists and must not be replaced, or cannot be written.
    """
    info = load_info(run)
    if faces.class_names != info.labels:
        raise DatasetError(
            f"the face set's classes ({', '.join(faces.class_names)}) are not the run's "
            f"({', '.join(info.labels)}); pass the face set it was trained on"
        )
    validation = faces.part("validation")
    drafts = _convert_networks(run, faces.part("train"), info, options)
    paths = {suffix: out / f"{run.name}-{suffix}.tflite" for suffix in drafts}
    for path in paths.values():
        if path.exists() and not options.replace:
            raise OutputError(f"{path} exists already; name another --out, or pass --overwrite")

    reference: NDArray[np.float32] | None = None
    float_score: CardScore | None = None
    results, finished = [], []
    for suffix, (flatbuffer, card) in drafts.items():
        path = paths[suffix]
        probabilities = _serve(flatbuffer, card, path, validation)
        served = card_score("served", probabilities, validation)
        if reference is None or float_score is None:
            reference, float_score = probabilities, replace(served, variant="float")
        agreement = compare(probabilities, reference, validation.labels)
        drop_points = -100 * agreement.difference
        if drop_points > options.max_drop_points:
            raise ModelError(
                f"{path.name} loses {drop_points:.2f} points of accuracy against float32, more "
                f"than --max-drop {options.max_drop_points:g}; nothing was written; try more "
                "--calibration-faces, or train with --qat"
            )
        if suffix == "float32":
            card = replace(card, scores=(served,))
        else:
            card = replace(card, scores=(float_score, served), agreement=agreement)
        finished.append((path, flatbuffer, card))
        results.append(
            Converted(
                path=path,
                size_bytes=len(pack_model(flatbuffer, card)),
                score=served,
                agreement=None if suffix == "float32" else agreement,
            )
        )
    for path, flatbuffer, card in finished:
        if options.float32 or path != paths["float32"]:
            write_model(path, flatbuffer, card)
    return results


def _convert_networks(
    run: Path, train: FaceSet, info: RunInfo, options: Options
) -> dict[str, tuple[bytes, ModelCard]]:
    """Return flatbuffer and card, still without scores, by file suffix; float32 comes first."""
    network = load_float_network(run)
    drafts = {"float32": (to_float32(network), Quantization("float32", "none"))}
    if options.int8:
        calibration, record = choose_calibration(
            train,
            count=options.calibration_faces,
            seed=options.calibration_seed,
            height=info.size_px,
            width=info.size_px,
        )
        types = {"input_type": options.input_type, "output_type": options.output_type}
        drafts["int8-ptq"] = (
            to_int8(network, calibration, **types),
            Quantization("int8", "ptq", record),
        )
        qat_network = load_qat_network(run)
        if qat_network is not None:
            drafts["int8-qat"] = (to_int8(qat_network, None, **types), Quantization("int8", "qat"))
    recipe = (run / RECIPE).read_text("utf-8")
    return {
        suffix: (flatbuffer, _card(f"{run.name}-{suffix}", info, recipe, flatbuffer, quantization))
        for suffix, (flatbuffer, quantization) in drafts.items()
    }


def _card(
    name: str, info: RunInfo, recipe: str, flatbuffer: bytes, quantization: Quantization
) -> ModelCard:
    graph = read_graph(flatbuffer)
    return ModelCard(
        name=name,
        architecture=info.architecture,
        labels=info.labels,
        input=InputSpec(height=info.size_px, width=info.size_px),
        quantization=quantization,
        parameters=graph.parameters,
        macs=graph.macs,
        sha256="",  # pack_model fills it in
        recipe=recipe,
        data=info.data,
        tools=(*info.tools, *tool_versions(TOOLS)),
    )


def tool_versions(names: Sequence[str]) -> tuple[str, ...]:
    """Return "name version" of installed distributions."""
    return tuple(f"{name} {metadata.version(name)}" for name in names)


def _serve(
    flatbuffer: bytes, card: ModelCard, path: Path, validation: FaceSet
) -> NDArray[np.float32]:
    file = ModelFile(path=path, flatbuffer=flatbuffer, card=card, size_bytes=len(flatbuffer))
    with TFLiteModel(file) as model:
        return served_probabilities(model, validation)
