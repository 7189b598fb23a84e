"""A model to measure: a `.tflite` file, or a run's Keras network."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.documents import read_limited
from fer_edge.errors import DatasetError, ModelError, TrainingError
from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.evaluation.predictors import PREDICTORS, check_predictor, open_predictor
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.light import Light
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.model import TFLiteModel
from fer_edge.inference.runtime import find_runtime
from fer_edge.limits import TOML_BYTES
from fer_edge.model.archive import read_flatbuffer_file
from fer_edge.model.file import ModelFile, read_model
from fer_edge.runfolder import FLOAT_MODEL, RECIPE, load_info
from fer_edge.schema import SchemaError

NO_CARD = "no card"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that was read and can be run.

    Attributes:
        path: Path of the file.
        name: Name from its card; otherwise the stem of the file, or the run's folder.
        numbers: Number format: float32, int8 ptq, ...; "float32 keras"; "no card".
        labels: Classes in output order; None without a card.
        flatbuffer: Content of a .tflite file; None for a Keras network, which is scored but not
            timed.
        file: File with its card, if any.
    """

    path: Path
    name: str
    numbers: str
    labels: tuple[str, ...] | None
    flatbuffer: bytes | None
    file: ModelFile | None

    @property
    def sha256(self) -> str | None:
        """Sha256 of the flatbuffer, as in the card; None for a Keras network."""
        return None if self.flatbuffer is None else hashlib.sha256(self.flatbuffer).hexdigest()


def read_candidate(path: Path) -> Candidate:
    """Read a model and run it once, so that unusable files are rejected before long measurements.

    Raises:
        ModelError: The file is missing, damaged or cannot be run.
        MissingExtraError: It needs Keras, which is not installed.
    """
    if path.suffix in PREDICTORS:
        return _read_run(path)
    data = read_flatbuffer_file(path)
    if b"fer_edge.json" not in data:
        open_interpreter(find_runtime(), data, name=str(path), threads=1, origin="disk")
        return Candidate(path, path.stem, NO_CARD, None, data, None)
    file = read_model(path)
    TFLiteModel(file).close()
    quantization = file.card.quantization
    numbers: str = quantization.scheme
    if quantization.method != "none":
        numbers += f" {quantization.method}"
    return Candidate(path, file.card.name, numbers, file.card.labels, file.flatbuffer, file)


def check_classes(candidates: list[Candidate], faces: FaceSet) -> None:
    """Check that the faces' classes match those of all models with classes.

    Raises:
        DatasetError: They differ.
    """
    for candidate in candidates:
        if candidate.labels is not None and candidate.labels != faces.class_names:
            raise DatasetError(
                f"the faces' classes ({', '.join(faces.class_names)}) differ from those of "
                f"{candidate.path} ({', '.join(candidate.labels)}); use the face set of this "
                "model"
            )


def inference(candidate: Candidate, faces: FaceSet | None, threads: int) -> Callable[[], object]:
    """Return a function that runs one inference on a fixed input, like the runtime.

    It writes the input tensor, runs the graph and reads the output.
    """
    if candidate.file is not None:
        model = TFLiteModel(candidate.file, threads=threads)
        face = np.full(model.input_size, 128, np.uint8) if faces is None else faces.images[0]
        tensor = model.prepare(model.input_of(face))
        return lambda: model.invoke(tensor)
    interpreter: Any = open_interpreter(
        *(find_runtime(), candidate.flatbuffer or b""),
        name=str(candidate.path),
        threads=threads,
        origin="disk",
    )
    tensors = [
        (item["index"], np.zeros(item["shape"], item["dtype"]))
        for item in interpreter.get_input_details()
    ]
    output = interpreter.get_output_details()[0]["index"]

    def infer() -> object:
        for index, values in tensors:
            interpreter.set_tensor(index, values)
        interpreter.invoke()
        return interpreter.get_tensor(output)

    return infer


def probabilities(
    candidate: Candidate, faces: FaceSet, candidates: Sequence[Candidate]
) -> tuple[NDArray[np.float32] | None, int | None]:
    """Classify faces; returns float32 (n, classes), and the parameters of a Keras network.

    Args:
        candidate: File to run.
        faces: The n faces.
        candidates: All files; a Keras network reads the faces like those converted from its run.
    """
    if candidate.file is not None:
        with TFLiteModel(candidate.file) as model:
            return served_probabilities(model, faces), None
    if candidate.flatbuffer is None:
        predictor = open_predictor(candidate.path)
        return predictor.probabilities(faces, _light(candidate, candidates)), predictor.parameters
    return None, None


def uses_delegate(candidate: Candidate) -> bool | None:
    """Return whether XNNPACK runs at least part of the graph; None if unknown."""
    if candidate.flatbuffer is None:
        return None
    interpreter: Any = open_interpreter(
        *(find_runtime(), candidate.flatbuffer),
        name=str(candidate.path),
        threads=1,
        origin=candidate.file.origin if candidate.file else "disk",
    )
    # the only place where LiteRT reports it; an old runtime may not have it
    details = getattr(interpreter, "_get_ops_details", None)
    if details is None:
        return None
    return any(operator["op_name"] == "DELEGATE" for operator in details())


def _light(network: Candidate, candidates: Sequence[Candidate]) -> Light:
    """Return how the files of a run read faces; without any, or if they differ, as in training."""
    try:
        recipe = read_limited(network.path.parent / RECIPE, TOML_BYTES).decode("utf-8", "replace")
    except (OSError, SchemaError):
        return "corrected"
    files = (item.file for item in candidates if item.file is not None)
    lights = {file.card.input.light for file in files if file.card.recipe == recipe}
    return lights.pop() if len(lights) == 1 else "corrected"


def _read_run(path: Path) -> Candidate:
    if not path.is_file():
        raise ModelError(f"model {path} does not exist; expected a run's {FLOAT_MODEL}")
    check_predictor(path)
    try:
        info = load_info(path.parent)
    except TrainingError as error:
        raise ModelError(
            f"{path} is not in a run folder, so its classes are unknown; convert it: fer-edge "
            "convert"
        ) from error
    name = path.resolve().parent.name
    return Candidate(path, name, "float32 keras", info.labels, None, None)
