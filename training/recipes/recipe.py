"""A recipe: everything that decides a training run, as data.

A recipe is read from TOML (`training/recipes/NAME.toml` or the user's own file), options of the
command line go over it, and the run folder keeps the resolved one.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import tomli_w

from fer_edge.documents import parse_toml, read_limited
from fer_edge.errors import RecipeError
from fer_edge.limits import TOML_BYTES
from fer_edge.schema import SchemaError, decode, encode

from ..architectures import Architecture, FourBlock, Pretrained, find_architecture

if TYPE_CHECKING:
    from typing_extensions import Unpack  # typing has it from Python 3.11 on

Precision = Literal["float32", "bfloat16", "float16"]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of each training face, drawn anew in every epoch; zero switches one off."""

    rotation_degrees: float = 0.0
    """Turned by up to this much either way."""
    shift: float = 0.0
    """Moved by up to this share of the side, either way, on each axis."""
    zoom: float = 0.0
    """Enlarged or shrunk by up to this share."""
    flip: bool = False
    """Mirrored left to right, every other time."""
    brightness: float = 0.0
    """Lighter or darker by up to this share of the full range."""
    contrast: float = 0.0
    """Contrast multiplied by 1 - this to 1 + this, about the middle grey."""
    erase: float = 0.0
    """Chance that a rectangle becomes plain grey (Zhong et al. 2017, arXiv:1708.04896)."""
    darken: float = 0.0
    """Every other face loses up to this share of its light."""
    blur: float = 0.0
    """Chance that a face loses half its resolution."""
    noise: float = 0.0
    """Every other face gets normal noise of a deviation up to this share of the full range."""
    mixup: float = 0.0
    """Parameter of the Beta distribution that blends pairs of faces and their targets (Zhang et al.
    2017, arXiv:1710.09412)."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the learning rate moves."""

    kind: Literal["constant", "plateau", "exponential", "cosine"] = "constant"
    """How the rate changes from epoch to epoch."""
    factor: float = 0.5
    """plateau and exponential: multiplied by this ..."""
    patience: int = 5
    """plateau: ... when the validation loss has not fallen for this many epochs."""
    decay_epochs: int = 10
    """exponential: ... over this many epochs, a little after each."""
    final: float = 1e-6
    """All but constant: the rate never falls below this."""
    warmup_epochs: int = 0
    """cosine: epochs in which the rate climbs linearly from zero."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """What moves the weights."""

    kind: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """The update rule."""
    momentum: float = 0.9
    """sgd: of Nesterov's kind; rmsprop: plain."""
    weight_decay: float = 0.0
    """adamw and sgd, decoupled from the gradient: of sgd with momentum m, 1 / (1 - m) times the
    figure of an L2 penalty decays as fast."""
    average: float = 0.0
    """Decay of an exponential moving average of the weights, which is what is scored and kept; 0
    keeps the weights themselves."""
    sharpness: float = 0.0
    """Above 0: each gradient is taken this far uphill of the weights (the length of the step over
    all of them), which costs half a step more; see `training/loop/sharpness.py`. 0.05 to 0.2 is
    usual, and 16-bit floats have to be bfloat16."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What is minimized."""

    kind: Literal["cross-entropy", "focal"] = "cross-entropy"
    """focal weighs faces that are recognized with certainty less (Lin et al. 2017,
    arXiv:1708.02002)."""
    focal_gamma: float = 2.0
    """focal: how much less; 0 is cross-entropy."""
    vote_share: float = 0.0
    """Share of the FER+ votes in the target, where a face has votes; the rest is its label."""
    vote_meaning: Literal["classes", "labels"] = "classes"
    """classes: a vote counts for the class of its name. labels: for the labels that training faces
    with such votes have; see `training/targets/vote_translation.py`."""
    votes_weight: float = 0.0
    """Weight, beside the labels' 1, of a second head's loss that learns the FER+ votes while the
    network trains; see `training/targets/votes_head.py`. 0: no such head."""
    teacher_share: float = 0.5
    """Share of the teachers in the loss, where there are any."""
    teacher_views: Literal["augmented", "clean"] = "augmented"
    """augmented: the teachers read what the student sees, in every step. clean: once, before
    training, each face as it is and its mirror image; costs no time afterwards."""
    temperature: float = 2.0
    """By which the logits of teacher and student are divided (Hinton et al. 2015,
    arXiv:1503.02531), where the teachers read augmented views; 1 for clean ones."""


@dataclass(frozen=True, slots=True)
class QuantizationAware:
    """The short second training, with int8 rounding in the graph."""

    epochs: int = 3
    """Length of this stage."""
    learning_rate: float = 1e-5
    """Rate of its first epoch."""
    augment: bool = True
    """Whether the float stage's augmentation goes on."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    architecture: str = "four-block"
    """Name of the network."""
    size_px: int = 48
    """Side of the network's square input; faces of another size are brought to it."""
    start: str = ""
    """A run folder, a `.tflite` file or a bundled model, of the same architecture, whose weights
    training starts from; empty: random ones. Classes that it does not know start anew."""
    teachers: tuple[str, ...] = ()
    """Run folders, `.tflite` files or bundled models, of the same classes, whose probabilities are
    learned, too; several are averaged."""
    epochs: int = 60
    """Passes over the training faces, at most."""
    batch_size: int = 64
    """Faces in one step."""
    learning_rate: float = 1e-3
    """Of the optimizer, before the schedule."""
    precision: Precision = "float32"
    """In which the float stage computes; weights, loss and what is kept are float32 in any case."""
    class_weights: Literal["none", "balanced", "sqrt"] = "none"
    """balanced: loss weight n / (classes * n_class); sqrt: the square root of that, a milder
    lift of rare classes."""
    label_smoothing: float = 0.0
    """Share of the target that is spread evenly over all classes."""
    drop_non_faces: bool = False
    """Leave out training faces that most FER+ taggers called no face or unknown."""
    train_faces: int = 0
    """Learn from this many training faces, drawn at random, for a quick try; 0: from all."""
    monitor: Literal["accuracy", "loss"] = "accuracy"
    """The epoch that is kept has the highest validation accuracy, or the lowest validation loss."""
    early_stopping_patience: int = 10
    """Epochs without a better one after which training ends; 0: never."""
    seed: int = 0
    """Number that every random choice of the run starts from."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    schedule: Schedule = field(default_factory=Schedule)
    optimizer: Optimizer = field(default_factory=Optimizer)
    loss: Loss = field(default_factory=Loss)
    network: Architecture = field(default_factory=FourBlock)
    """The architecture's own options."""
    qat: QuantizationAware = field(default_factory=QuantizationAware)

    def __post_init__(self) -> None:
        for key, fits, wanted in LIMITS:
            value = attrgetter(key)(self)
            if not fits(value):
                raise RecipeError(f"'{key}' is {value}, expected {wanted}")
        if self.precision == "float16" and self.optimizer.sharpness:
            raise RecipeError(
                "'precision' is float16, expected float32 or bfloat16 with optimizer.sharpness"
            )


LIMITS: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    ("epochs", lambda value: value >= 1, "at least 1"),
    ("batch_size", lambda value: value >= 1, "at least 1"),
    ("learning_rate", lambda value: value > 0, "above 0"),
    ("label_smoothing", lambda value: 0 <= value < 1, "0 to 1"),
    ("size_px", lambda value: 8 <= value <= 512, "8 to 512"),
    ("loss.vote_share", lambda value: 0 <= value <= 1, "0 to 1"),
    ("loss.teacher_share", lambda value: 0 <= value <= 1, "0 to 1"),
    ("loss.votes_weight", lambda value: value >= 0, "at least 0"),
    ("loss.temperature", lambda value: value > 0, "above 0"),
    ("optimizer.average", lambda value: 0 <= value < 1, "below 1"),
    ("optimizer.sharpness", lambda value: value >= 0, "at least 0"),
    ("schedule.decay_epochs", lambda value: value >= 1, "at least 1"),
    ("train_faces", lambda value: value >= 0, "at least 0"),
    ("seed", lambda value: value >= 0, "at least 0"),
    ("qat.epochs", lambda value: value >= 0, "at least 0"),
)
"""Key, what its value must fulfil, and how that is said."""


class RecipeChanges(TypedDict, total=False):
    """Keys that replace a recipe's own; None leaves that one. `Recipe` says what they mean."""

    architecture: str | None
    start: str | None
    weights: str | None
    """What the base of resnet50 or efficientnet-lite starts from: imagenet, none, or a file."""
    teachers: Sequence[str] | None
    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    precision: str | None
    seed: int | None


def bundled_recipes() -> list[str]:
    """List the names of the recipes that come with fer-edge."""
    folder = files("fer_edge.training") / "recipes"
    return sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".toml"))


def load_recipe(recipe: str | Path | Recipe, **changes: "Unpack[RecipeChanges]") -> Recipe:
    """Read a recipe, and change some of its keys.

    Args:
        recipe: A bundled recipe's name, a TOML file, or a recipe to be changed.
        changes: What replaces its own.

    Raises:
        RecipeError: It does not exist, is not TOML, or has a wrong key or value.
    """
    if isinstance(recipe, Recipe):
        return _build_recipe(encode(recipe), "the recipe", changes)
    name = str(recipe)
    if name in bundled_recipes():
        text = (files("fer_edge.training") / "recipes" / f"{name}.toml").read_bytes()
    else:
        try:
            text = read_limited(Path(name), TOML_BYTES)
        except OSError as error:
            raise RecipeError(
                f"recipe {name} cannot be read; name a TOML file or one of: "
                f"{', '.join(bundled_recipes())}"
            ) from error
    return parse_recipe(text, where=f"recipe {name}", **changes)


def parse_recipe(text: str | bytes, *, where: str, **changes: "Unpack[RecipeChanges]") -> Recipe:
    """Build a recipe from TOML text; `where` names it in messages.

    Raises:
        RecipeError: It is not TOML, or has a wrong key or value.
    """
    try:
        return _build_recipe(parse_toml(text), where, changes)
    except SchemaError as error:
        raise RecipeError(f"{where}: {error}") from error


def _build_recipe(table: Mapping[str, Any], where: str, changes: Mapping[str, Any]) -> Recipe:
    """Build a recipe from a TOML document with changed keys; None changes nothing."""
    given = {key: value for key, value in changes.items() if value is not None}
    weights = given.pop("weights", None)
    try:
        data = {**table, **given}
        name = str(data.get("architecture", Recipe().architecture))
        network = decode(find_architecture(name), data.pop("network", {}), where="network")
        if weights is not None:
            if not isinstance(network, Pretrained):
                raise RecipeError(
                    f"architecture '{name}' has no pretrained weights; leave --weights out, or "
                    "take resnet50, efficientnet-lite or mobilenet-face"
                )
            network = dataclasses.replace(network, weights=weights)
        return dataclasses.replace(decode(Recipe, data), network=network)
    except (SchemaError, RecipeError) as error:
        raise RecipeError(f"{where}: {error}") from error


def format_recipe(recipe: Recipe) -> str:
    """Write a recipe as TOML, every key included.

    Raises:
        RecipeError: A path in it is not UTF-8, which TOML requires.
    """
    text = tomli_w.dumps(encode(recipe))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RecipeError(
            f"{error.object[error.start - 20 : error.end + 20]!r} cannot be kept in recipe.toml: "
            "expected a name in UTF-8; rename the file"
        ) from error
    return text
