"""A complete training run: float stage, quantization-aware stage, scores, plots, run folder."""

import json
import logging
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

from fer_edge.errors import RecipeError, TrainingError
from fer_edge.evaluation.evaluation import Evaluation, evaluate
from fer_edge.faces.faceset import FaceSet
from fer_edge.files import whole_file
from fer_edge.model.card import DataInfo
from fer_edge.require import install
from fer_edge.runfolder import (
    HISTORY,
    INFO,
    QAT_MODEL,
    SCORES,
    RunInfo,
    save_info,
)
from fer_edge.schema import encode

from .backend.compute import find_compute
from .backend.devices import device_count
from .backend.keras3 import keras
from .backend.memory import memory_checked
from .backend.validation import predict
from .data.inspection import sample_sheet
from .loop.building import build_checked, check_built
from .loop.float_stage import train_float
from .loop.run_place import STATE, Place, complete_place
from .loop.schedule import Stopping
from .loop.shared_place import check_same_run, shared_place
from .loop.sharpness import check_backend
from .recipes.recipe import Recipe
from .reporting.history import Epoch, StageName, load_history, save_history
from .reporting.plots import plot_confusion, plot_curves
from .targets.distillation import load_teachers
from .targets.identity import target_digests
from .warm_start.trained import load_float_network

QAT_HISTORY = "qat-history.csv"

log = logging.getLogger(__name__)


def run_stages(
    recipe: Recipe,
    faces: FaceSet,
    place: Place,
    *,
    data_name: str,
    qat: bool,
    on_epoch: Callable[[StageName, Epoch], None],
) -> Evaluation:
    """Train into a run folder, or finish a run.

    The run is stored in `NAME.partial` until it is complete. Resuming runs the missing steps: the
    remaining float epochs, then with `qat` the quantization-aware stage, which can also be added to
    a complete run (the float stage may come from another machine and another backend).

    Args:
        recipe: Recipe of the run.
        faces: Face set with `train` and `validation` splits.
        place: Run folder, and what to do with an existing run: refuse to touch it, continue it, or
            replace it when the new one is complete.
        data_name: Name of the face set for the card.
        qat: Whether to add the quantization-aware stage.
        on_epoch: Called after each epoch with the stage's name.

    Returns:
        Scores of the float network on the validation faces.

    Raises:
        OutputError: The folder exists, is in use by another training, or cannot be written.
        TrainingError: The run cannot be started, continued or finished; or `qat` without
            TensorFlow.
        DatasetError: The run to continue has a different face set, or other votes.
    """
    check_same_run(recipe, faces.digest)
    _check_backend(recipe, qat=qat)
    _check_faces(faces)
    _check_network(recipe, len(faces.class_names))
    info = _run_info(recipe, faces, data_name)
    with shared_place(recipe, place, faces.digest, target_digests(recipe, faces)) as folder:
        if any((folder / name).exists() for name in (STATE, INFO)):
            load_float_network(folder)  # damage is reported now, not after the remaining epochs
        teachers = load_teachers(recipe.teachers, faces)
        _say_what_computes(recipe)
        with memory_checked(f"training {recipe.architecture}", "lower batch_size or size_px"):
            if not (folder / INFO).exists():  # written when the float stage is done
                report = partial(on_epoch, "float")
                train_float(recipe, faces, folder, teachers=teachers, on_epoch=report)
                save_info(info, folder)
            if qat and not (folder / QAT_MODEL).exists():  # the same
                from .loop.quantized_stage import train_quantized

                report = partial(on_epoch, "qat")
                epochs = train_quantized(recipe, faces, folder, teachers=teachers, on_epoch=report)
                save_history(epochs, folder / QAT_HISTORY)
        evaluation = _describe(recipe, faces, folder)
        complete_place(folder, place.out)
    return evaluation


def _check_backend(recipe: Recipe, *, qat: bool) -> None:
    """Report now, not after hours of the float stage, what the stages do not support."""
    if qat and not recipe.qat.epochs:
        raise RecipeError("'qat.epochs' is 0, expected at least 1 with the stage (--qat)")
    backend = keras.backend.backend()
    if qat and backend != "tensorflow":
        raise TrainingError(
            f"quantization-aware training needs TensorFlow, but Keras runs on {backend}; train "
            f"without --qat here and add it later, here or elsewhere: {install('train')}, and "
            "KERAS_BACKEND=tensorflow fer-edge train ... --qat --resume"
        )
    if recipe.optimizer.sharpness:
        check_backend()


def _say_what_computes(recipe: Recipe) -> None:
    """Log backend, device and precision; warn if a GPU would be idle for hours."""
    compute = find_compute(recipe.precision)
    log.info("%s", compute.line)
    if compute.advice:
        log.warning("%s", compute.advice)


def _check_faces(faces: FaceSet) -> None:
    if any(split not in faces.split_names for split in ("train", "validation")):
        raise TrainingError(
            f"the face set has {', '.join(faces.split_names)}; expected train and validation; "
            "create it: fer-edge data import --validation-share 0.1"
        )


def _run_info(recipe: Recipe, faces: FaceSet, data_name: str) -> RunInfo:
    stage = f"float stage, {recipe.precision}, devices: {device_count()}"
    return RunInfo(
        architecture=recipe.architecture,
        labels=faces.class_names,
        size_px=recipe.size_px,
        data=DataInfo(
            name=data_name,
            digest=faces.digest,
            train=len(faces.part("train")),
            validation=len(faces.part("validation")),
        ),
        tools=(f"keras {metadata.version('keras')}", f"{keras.backend.backend()} ({stage})"),
    )


def _check_network(recipe: Recipe, classes: int) -> None:
    """Build the network once before the folder is created, since Keras reports invalid options."""
    what = f"{recipe.architecture} with {recipe.network} for faces of {recipe.size_px} px"
    advice = "choose smaller sizes in [network], or a smaller size_px"
    with memory_checked(what, advice), build_checked(recipe):
        network = recipe.network.build(keras, size_px=recipe.size_px, classes=classes)
        check_built(network, recipe, classes)


def _describe(recipe: Recipe, faces: FaceSet, folder: Path) -> Evaluation:
    """Score the float network and write scores and plots."""
    network = load_float_network(folder)
    validation = faces.part("validation")
    probabilities = predict(network, validation.images)
    evaluation = evaluate("float", probabilities, validation)
    history = load_history(folder / HISTORY)
    with whole_file(folder / "curves.png") as temporary:
        plot_curves(history, Stopping(recipe.epochs, recipe.monitor).best(history), temporary)
    with whole_file(folder / "confusion.png") as temporary:
        plot_confusion(evaluation.every_face, faces.class_names, temporary)
    sample_sheet(faces, folder / "samples.png")
    with whole_file(folder / SCORES) as temporary:
        text = json.dumps(encode(evaluation), indent=2, ensure_ascii=False)
        temporary.write_text(text + "\n", "utf-8")
    return evaluation
