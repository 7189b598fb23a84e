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

from fer_edge.chatter import without_chatter
from fer_edge.errors import TrainingError
from fer_edge.faces import model_inputs
from fer_edge.faceset import FaceSet
from fer_edge.files import whole_file
from fer_edge.runfolder import FLOAT_MODEL, HISTORY
from fer_edge.scores import score

from .architectures import Pretrained
from .backend import keras
from .devices import device_count
from .distillation import taught_targets
from .normalisations import measure_normalisations
from .optimizer import build_loss, build_metrics, build_optimizer
from .precision import learning_copy, scaled
from .pretrained import load_base_weights
from .progress import EpochBar
from .recipe import Recipe
from .resident import ResidentFaces, epoch_inputs, training_model
from .schedule import Epoch, best_epoch, is_finished, learning_rate, save_history
from .start import start_from
from .targets import class_weights, training_faces, votes_of
from .trained import load_trained
from .validation import cross_entropy, predict, top_share
from .votes_head import VotesHead, vote_shares

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
    with without_chatter():  # it seeds TensorFlow, too, which announces itself
        keras.utils.set_random_seed(recipe.seed)
    train, validation = training_faces(recipe, faces), faces.part("validation")
    classes = len(faces.class_names)
    network = recipe.network.build(keras, size_px=recipe.size_px, classes=classes)
    if not (folder / STATE).exists():  # which would hold later weights
        if recipe.start:
            start_from(load_trained(recipe.start, train.images), network, faces.class_names)
        elif isinstance(recipe.network, Pretrained):
            load_base_weights(recipe.network, network)
    learner = learning_copy(network, recipe.precision)
    targets, teachers = taught_targets(recipe, train, teachers)
    model = build_training(recipe, learner, train, teachers)
    state = _changing_variables(model, teachers)

    history: list[Epoch] = []
    if (folder / STATE).exists():
        history = _load_state(state, folder / STATE)
    while not is_finished(recipe, history):
        started = time.monotonic()
        rate = learning_rate(recipe, history)
        number = len(history) + 1
        bar = EpochBar(
            f"epoch {number}/{recipe.epochs}",
            epochs_after=recipe.epochs - number,
            last_epoch_s=history[-1].seconds if history else None,
        )
        model.optimizer.learning_rate.assign(rate)
        fitted = fit_epoch(model, recipe, train, targets, number, bar)
        _hand_over(model, learner, network)
        if recipe.optimizer.average or recipe.optimizer.sharpness:  # the moving ones are of others
            measure_normalisations(network, train.images)
        probabilities = predict(network, validation.images)
        loss = cross_entropy(probabilities, validation.labels)
        if not np.isfinite([fitted["loss"], loss]).all():
            raise TrainingError(
                f"the loss of epoch {number} is not finite (training {fitted['loss']}, "
                f"validation {loss}); {folder} keeps the epochs before it; "
                f"lower the learning rate (now {rate:g}) and train again"
            )
        history.append(
            Epoch(
                number=number,
                learning_rate=rate,
                loss=fitted["loss"],
                accuracy=fitted["accuracy"],
                validation_loss=loss,
                validation_accuracy=score(probabilities, validation.labels).accuracy,
                seconds=time.monotonic() - started,
                top3=fitted["top3"],
                validation_top3=top_share(probabilities, validation.labels),
            )
        )
        if best_epoch(history, recipe.monitor).number == number:
            with whole_file(folder / FLOAT_MODEL) as temporary:
                network.save(temporary)
        _save_state(state, history, folder / STATE)
        save_history(history, folder / HISTORY)
        on_epoch(history[-1])


def build_training(recipe: Recipe, learner: Any, train: FaceSet, teachers: Sequence[Any]) -> Any:
    """Return the compiled model from row numbers of `train` to what `learner` says of them."""
    pixels = model_inputs(train.images, recipe.size_px, recipe.size_px)
    resident = ResidentFaces(pixels[..., 0], recipe.augmentation, recipe.seed)
    votes = None
    if recipe.loss.votes_weight:
        shares = vote_shares(votes_of(train, "loss.votes_weight"))
        votes = VotesHead(shares, recipe.loss.votes_weight)
    model = training_model(
        learner,
        resident,
        recipe.augmentation,
        recipe.loss,
        teachers=teachers,
        votes=votes,
        sharpness=recipe.optimizer.sharpness,
    )
    model.compile(
        optimizer=scaled(build_optimizer(keras, recipe), recipe.precision),
        loss=build_loss(keras, recipe),
        loss_weights=1.0 - recipe.loss.teacher_share if teachers else None,
        weighted_metrics=[],
        metrics=build_metrics(keras, len(train.class_names)),
        # TensorFlow waits for the device after each call, to hand callbacks the loss: fewer calls
        steps_per_execution=16 if keras.backend.backend() == "tensorflow" else 1,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def fit_epoch(
    model: Any,
    recipe: Recipe,
    train: FaceSet,
    targets: NDArray[np.float32],
    number: int,
    bar: EpochBar | None = None,
) -> dict[str, float]:
    """Train one epoch, counted from 1, to each face's target; return loss, accuracy and top3.

    Each epoch has an order of its own, so that a resumed run sees the same ones. Several devices
    take equal shares: faces that remain sit this epoch out.
    """
    random = np.random.default_rng((recipe.seed, number))
    order = random.permutation(len(train))
    order = order[: len(order) - len(order) % device_count()]
    inputs, wanted = epoch_inputs(order, targets, recipe.augmentation, random)
    weights = class_weights(train.labels, len(train.class_names), recipe.class_weights)
    with _unaveraged(model.optimizer) as keep:
        fitted = model.fit(
            inputs,
            wanted,
            sample_weight=weights[train.labels[order]],
            batch_size=recipe.batch_size,
            shuffle=False,
            verbose=0,
            callbacks=[keep, *([bar] if bar else [])],
        ).history
    return {name: float(values[0]) for name, values in fitted.items()}


def _hand_over(model: Any, learner: Any, network: Any) -> None:
    """Give the network what was learned; where the optimizer averages weights, the average."""
    for mine, learned in zip(network.variables, learner.variables, strict=True):  # seeds, too
        mine.assign(keras.ops.convert_to_numpy(learned))
    own = dict(zip(map(id, learner.variables), network.variables, strict=True))
    # the optimizer wants a place for every average, also for those of a head that is not kept
    places = [own[id(v)] if id(v) in own else keras.Variable(v) for v in model.trainable_variables]
    model.optimizer.finalize_variable_values(places)
    network.set_weights(network.get_weights())  # JAX shared the averages, and drops them in a step


def _changing_variables(model: Any, teachers: Sequence[Any]) -> list[Any]:
    """Return what an epoch changes: not the faces, their votes and the teachers."""
    constant = {id(v) for teacher in teachers for v in teacher.variables}
    constant.add(id(model.get_layer("resident_faces").pixels))
    constant.update(id(layer.shares) for layer in model.layers if isinstance(layer, VotesHead))
    return [v for v in (*model.variables, *model.optimizer.variables) if id(v) not in constant]


@contextmanager
def _unaveraged(optimizer: Any) -> Iterator[Any]:
    """Yield a callback that keeps `fit` from ending with the averaged weights in place.

    `fit` writes them over the trained ones after its last epoch, and every epoch is a `fit` here.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    averages = inner.use_ema

    def hide(epoch: int, logs: object) -> None:
        inner.use_ema = False

    try:
        yield keras.callbacks.LambdaCallback(on_epoch_end=hide)
    finally:
        inner.use_ema = averages


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
