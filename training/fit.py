"""The float stage: Keras 3 on any backend, resumable after any epoch."""

import dataclasses
import logging
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import TrainingError
from fer_edge.faces import model_inputs
from fer_edge.faceset import FaceSet
from fer_edge.files import whole_file
from fer_edge.runfolder import FLOAT_MODEL, HISTORY, load_info
from fer_edge.scores import score

from .architectures import ResNet50
from .backend import keras
from .optimizer import build_loss, build_optimizer
from .pretrained import load_base_weights
from .progress import EpochBar
from .recipe import Recipe
from .resident import ResidentFaces, epoch_inputs, training_model
from .schedule import Epoch, best_epoch, is_finished, learning_rate, save_history
from .targets import class_weights, soft_targets, training_faces

STATE = "state.npz"

log = logging.getLogger(__name__)


def train_float(
    recipe: Recipe,
    faces: FaceSet,
    folder: Path,
    *,
    teachers: Sequence[Any] = (),
    on_epoch: Callable[[Epoch], None],
) -> None:
    """Train, or go on training, in a run folder.

    After every epoch the folder holds the history, the best network so far and the whole state
    (weights, optimizer, random generators); a folder that holds them is continued.

    Args:
        recipe: What to do.
        faces: With `train` and `validation` parts.
        folder: An existing folder.
        teachers: Keras networks to learn from, beside the labels.
        on_epoch: Called after each epoch.

    Raises:
        TrainingError: The loss is no longer finite, or the state in the folder does not fit.
    """
    keras.utils.set_random_seed(recipe.seed)
    train, validation = training_faces(recipe, faces), faces.part("validation")
    classes = len(faces.class_names)
    network = recipe.network.build(keras, size_px=recipe.size_px, classes=classes)
    if not (folder / STATE).exists():  # which would hold later weights
        if recipe.start:
            start_from(Path(recipe.start), network, faces.class_names)
        elif isinstance(recipe.network, ResNet50):
            load_base_weights(recipe.network, network)
    pixels = model_inputs(train.images, recipe.size_px, recipe.size_px)
    resident = ResidentFaces(pixels[..., 0], recipe.augmentation, recipe.seed)
    model = training_model(network, resident, recipe.augmentation, recipe.loss, teachers)
    model.compile(
        optimizer=build_optimizer(keras, recipe),
        loss=build_loss(keras, recipe),
        loss_weights=1.0 - recipe.loss.teacher_share if teachers else None,
        weighted_metrics=[],
        metrics=["accuracy"],
    )
    model.optimizer.build(model.trainable_variables)
    constant = {id(resident.pixels)}.union(id(v) for t in teachers for v in t.variables)
    state = [v for v in model.variables if id(v) not in constant] + model.optimizer.variables

    history: list[Epoch] = []
    if (folder / STATE).exists():
        history = _load_state(state, folder / STATE)
    targets = soft_targets(recipe, train)
    weights = class_weights(train.labels, classes, recipe.class_weights)
    while not is_finished(recipe, history):
        started = time.monotonic()
        rate = learning_rate(recipe, history)
        number = len(history) + 1
        model.optimizer.learning_rate.assign(rate)
        # an order of its own for each epoch, so that a resumed run sees the same ones
        random = np.random.default_rng((recipe.seed, number))
        order = random.permutation(len(train))
        inputs, wanted = epoch_inputs(order, targets, recipe.augmentation, random)
        fitted = model.fit(
            inputs,
            wanted,
            sample_weight=weights[train.labels[order]],
            batch_size=recipe.batch_size,
            shuffle=False,
            verbose=0,
            callbacks=[EpochBar(f"epoch {number}/{recipe.epochs}")],
        ).history
        with _averaged(model, recipe):
            probabilities = predict(network, validation.images)
            loss = cross_entropy(probabilities, validation.labels)
            if not np.isfinite([fitted["loss"][0], loss]).all():
                raise TrainingError(
                    f"the loss of epoch {number} is not finite (training {fitted['loss'][0]}, "
                    f"validation {loss}); {folder} keeps the last good epoch; "
                    f"lower the learning rate (now {rate:g}) and train again"
                )
            history.append(
                Epoch(
                    number=number,
                    learning_rate=rate,
                    loss=float(fitted["loss"][0]),
                    accuracy=float(fitted["accuracy"][0]),
                    validation_loss=loss,
                    validation_accuracy=score(probabilities, validation.labels).accuracy,
                    seconds=time.monotonic() - started,
                )
            )
            if best_epoch(history).number == number:
                with whole_file(folder / FLOAT_MODEL) as temporary:
                    network.save(temporary)
        _save_state(state, history, folder / STATE)
        save_history(history, folder / HISTORY)
        on_epoch(history[-1])


def start_from(run: Path, network: Any, class_names: tuple[str, ...]) -> None:
    """Give a network the float weights of a run.

    Raises:
        TrainingError: It is no run folder, or its classes or weights do not fit.
    """
    if load_info(run).labels != class_names:
        raise TrainingError(
            f"{run} has the classes {', '.join(load_info(run).labels)}; "
            f"wanted those of the data: {', '.join(class_names)}"
        )
    weights = keras.models.load_model(run / FLOAT_MODEL, compile=False).get_weights()
    try:
        network.set_weights(weights)
    except ValueError as error:
        raise TrainingError(
            f"the weights of {run} do not fit this architecture: {error}; "
            "start from a run of the same one, with the same [network] sizes"
        ) from error


@contextmanager
def _averaged(model: Any, recipe: Recipe) -> Iterator[None]:
    """Put the averaged weights in place, if the recipe averages, and the others back after."""
    if not recipe.optimizer.average:
        yield
        return
    saved = [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]
    model.optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, saved, strict=True):
            variable.assign(value)


def predict(network: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a Keras network's probabilities, float32 (n, classes), for grey uint8 faces."""
    from fer_edge.faces import as_real

    _, height, width, _ = network.input_shape
    inputs = as_real(model_inputs(images, height, width))
    return np.asarray(network.predict(inputs, batch_size=256, verbose=0), np.float32)


def cross_entropy(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the mean cross-entropy in nats."""
    picked = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(picked, 1e-7, 1.0)).mean())


def _save_state(variables: list[Any], history: Sequence[Epoch], path: Path) -> None:
    """Write variables and history as one file, so that a kill cannot part them."""
    arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
    rows = np.array([dataclasses.astuple(epoch) for epoch in history])
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, *arrays, history=rows)


def _load_state(variables: list[Any], path: Path) -> list[Epoch]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            history = [Epoch(int(number), *rest) for number, *rest in arrays["history"].tolist()]
            if len(arrays) != len(variables) + 1:
                raise ValueError(f"{len(arrays) - 1} variables, wanted {len(variables)}")
            for i, variable in enumerate(variables):
                variable.assign(arrays[f"arr_{i}"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"{path} does not fit this recipe: {error}; train again without --resume"
        ) from error
    log.info("going on after epoch %d", len(history))
    return history
