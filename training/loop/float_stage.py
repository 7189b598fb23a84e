"""The float stage: Keras 3 on any backend, resumable after any epoch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.chatter import without_chatter
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.preprocess import model_inputs
from fer_edge.files import whole_file
from fer_edge.runfolder import FLOAT_MODEL, HISTORY

from ..architectures import Pretrained
from ..backend.keras3 import keras
from ..backend.precision import learning_copy, scaled
from ..recipes.recipe import Recipe, Schedule
from ..reporting.history import Epoch, save_history
from ..reporting.progress import EpochBar
from ..targets.targets import training_faces, votes_of
from ..targets.votes_head import VotesHead, vote_shares
from ..warm_start.pretrained import load_base_weights
from ..warm_start.start import start_from
from ..warm_start.trained import load_trained
from .building import build_checked
from .epochs import run_epochs
from .fitting import fit_epoch
from .lessons import Lessons, plan_lessons
from .normalizations import measurement
from .optimizer import build_loss, build_metrics, build_optimizer
from .repeated_views import RepeatedViews, repeats_views
from .resident import ResidentFaces, training_model
from .run_place import STATE
from .schedule import Stopping, learning_rate
from .state import load_state, save_state


def train_float(
    recipe: Recipe,
    faces: FaceSet,
    folder: Path,
    *,
    teachers: Sequence[Any] = (),
    on_epoch: Callable[[Epoch], None],
) -> None:
    """Train, or continue training, in a run folder.

    After every epoch the folder contains the history, the best network so far and the complete
    state (weights, optimizer, random generators); such a folder is continued.

    Args:
        recipe: Recipe of the run.
        faces: Face set with `train` and `validation` splits.
        folder: Existing folder.
        teachers: Keras networks to learn from, in addition to the labels.
        on_epoch: Called after each epoch.

    Raises:
        TrainingError: The loss is no longer finite, or the saved state does not match.
    """
    with without_chatter():  # also seeds TensorFlow, which prints messages
        keras.utils.set_random_seed(recipe.seed)
    train = training_faces(
        faces, without_non_faces=recipe.drop_non_faces, count=recipe.train_faces, seed=recipe.seed
    )
    resumed = (folder / STATE).exists()  # overwrites the initial weights
    network = _first_network(recipe, train, start=not resumed)
    learner = learning_copy(network, recipe.precision)
    lessons = plan_lessons(recipe, faces, train, teachers)
    model = build_training(recipe, learner, train, lessons)
    stage = FloatStage(
        network=network,
        learner=learner,
        model=model,
        variables=_changing_variables(model, lessons.teachers),
        lessons=lessons,
        views=RepeatedViews(model.get_layer("resident_faces"), lessons, recipe.loss)
        if repeats_views(recipe)
        else None,
        schedule=recipe.schedule,
        first_rate=recipe.learning_rate,
        epochs=recipe.epochs,
        # averaged weights, and weights moved for a gradient, have other statistics
        measure=measurement(network, train.images)
        if recipe.optimizer.average or recipe.optimizer.sharpness
        else None,
        folder=folder,
        unusual=tuple(_unusual(recipe)),
    )
    run_epochs(
        stage,
        Stopping(recipe.epochs, recipe.monitor, recipe.early_stopping_patience),
        faces.part("validation"),
        history=load_state(stage.variables, folder / STATE) if resumed else (),
        on_epoch=on_epoch,
    )


@dataclass(frozen=True, slots=True)
class FloatStage:
    """The float stage for the loop over epochs.

    Attributes:
        network: float32 network that is scored and kept.
        learner: Copy of it in the training precision.
        model: Compiled model from row numbers to the learner's outputs for these faces.
        variables: Variables that an epoch changes.
        lessons: Targets and batches.
        views: Views that repeat; None augments every epoch differently.
        schedule: Schedule of the learning rate.
        first_rate: Learning rate before the schedule.
        epochs: Number of epochs.
        measure: Measures the normalizations of the network again, after every epoch; None keeps the
            learned statistics.
        folder: Run folder.
        unusual: Other settings that can make the loss infinite, with their values.
        title: Name of an epoch in messages.
    """

    network: Any
    learner: Any
    model: Any
    variables: Sequence[Any]
    lessons: Lessons
    views: RepeatedViews | None
    schedule: Schedule
    first_rate: float
    epochs: int
    measure: Callable[[], None] | None
    folder: Path
    unusual: tuple[str, ...] = ()
    title: str = "epoch"

    def advice(self, number: int, rate: float) -> str:
        """Return the next step if the loss is not finite."""
        kept = f"earlier epochs are kept in {self.folder}; " if number > 1 else ""
        others = "".join(f", or {setting}" for setting in self.unusual)
        return f"{kept}lower the learning rate (now {rate:g}){others}, and train again"

    def rate(self, history: Sequence[Epoch]) -> float:
        """Return the learning rate of the next epoch."""
        return learning_rate(self.schedule, history, start=self.first_rate, epochs=self.epochs)

    def fit(self, number: int, rate: float, bar: EpochBar) -> dict[str, float]:
        """Train one epoch, and update the network."""
        self.model.optimizer.learning_rate.assign(rate)
        fitted = fit_epoch(self.model, self.lessons, number, bar, self.views)
        _hand_over(self.model, self.learner, self.network)
        if self.measure is not None:
            self.measure()
        return fitted

    def keep(self) -> None:
        """Write the network as the run's float network."""
        with whole_file(self.folder / FLOAT_MODEL) as temporary:
            self.network.save(temporary)

    def save(self, history: Sequence[Epoch]) -> None:
        """Write the state and the history."""
        save_state(self.variables, history, self.folder / STATE)
        save_history(history, self.folder / HISTORY)


def build_training(recipe: Recipe, learner: Any, train: FaceSet, lessons: Lessons) -> Any:
    """Return the compiled model from row numbers of `lessons.pictures` to `learner`'s outputs."""
    pixels = model_inputs(lessons.pictures, recipe.size_px, recipe.size_px)
    resident = ResidentFaces(pixels[..., 0], recipe.augmentation, recipe.seed)
    votes = None
    if recipe.loss.votes_weight:
        shares = vote_shares(votes_of(train, "loss.votes_weight"))
        outliers = len(lessons.pictures) - len(train)  # without votes they add nothing to the loss
        votes = VotesHead(np.pad(shares, ((0, outliers), (0, 0))), recipe.loss.votes_weight)
    repeated = repeats_views(recipe)
    in_step = () if repeated else lessons.teachers
    model = training_model(
        learner,
        resident,
        recipe.augmentation,
        recipe.loss,
        teachers=in_step,
        votes=votes,
        sharpness=recipe.optimizer.sharpness,
        repeated=repeated,
    )
    optimizer = build_optimizer(keras, recipe.optimizer, recipe.learning_rate)
    model.compile(
        optimizer=scaled(optimizer, recipe.precision),
        loss=build_loss(keras, recipe.loss, recipe.label_smoothing),
        loss_weights=1.0 - recipe.loss.teacher_share if in_step else None,
        weighted_metrics=[],
        metrics=build_metrics(keras, len(train.class_names)),
        # between calls, TensorFlow waits for the loss, and JAX wraps every variable again (1.3 ms)
        steps_per_execution=16 if keras.backend.backend() in ("tensorflow", "jax") else 1,
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _unusual(recipe: Recipe) -> Iterator[str]:
    """Yield the settings, other than the rate, that can make the loss infinite, if they are set."""
    optimizer, loss = recipe.optimizer, recipe.loss
    if optimizer.kind in ("adamw", "sgd") and optimizer.weight_decay:
        yield f"optimizer.weight_decay (now {optimizer.weight_decay:g})"
    if optimizer.sharpness:
        yield f"optimizer.sharpness (now {optimizer.sharpness:g})"
    if loss.votes_weight:
        yield f"loss.votes_weight (now {loss.votes_weight:g})"
    if loss.kind == "focal":
        yield f"loss.focal_gamma (now {loss.focal_gamma:g})"
    penalty = getattr(recipe.network, "regularization_rate", 0.0)
    if penalty:
        yield f"network.regularization_rate (now {penalty:g})"
    if recipe.precision == "float16":
        yield "use precision bfloat16 or float32"


def _first_network(recipe: Recipe, train: FaceSet, *, start: bool) -> Any:
    """Build the network; with `start` it gets the initial weights of the recipe."""
    with build_checked(recipe):
        classes = len(train.class_names)
        network = recipe.network.build(keras, size_px=recipe.size_px, classes=classes)
    if not start:
        return network
    if recipe.start:
        start_from(load_trained(recipe.start, train.images), network, train.class_names)
    elif isinstance(recipe.network, Pretrained):
        load_base_weights(recipe.network, network, train.images)
    return network


def _hand_over(model: Any, learner: Any, network: Any) -> None:
    """Copy the learned weights to the network; the average, if the optimizer averages weights."""
    for mine, learned in zip(
        network.variables, learner.variables, strict=True
    ):  # also random seeds
        mine.assign(keras.ops.convert_to_numpy(learned))
    own = dict(zip(map(id, learner.variables), network.variables, strict=True))
    # the optimizer needs a target for every average, also for those of a head that is not kept
    places = [own[id(v)] if id(v) in own else keras.Variable(v) for v in model.trainable_variables]
    model.optimizer.finalize_variable_values(places)
    network.set_weights(network.get_weights())  # JAX shared the averages, and frees them in a step


def _changing_variables(model: Any, teachers: Sequence[Any]) -> list[Any]:
    """Return the variables that an epoch changes: not the faces, their votes and the teachers."""
    constant = {id(v) for teacher in teachers for v in teacher.variables}
    constant.add(id(model.get_layer("resident_faces").pixels))
    constant.update(id(layer.shares) for layer in model.layers if isinstance(layer, VotesHead))
    return [v for v in (*model.variables, *model.optimizer.variables) if id(v) not in constant]
