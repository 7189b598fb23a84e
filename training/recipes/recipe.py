"""A recipe: all settings of a training run, as data.

A recipe is read from TOML (`training/recipes/NAME.toml` or the user's own file), command-line
options override it, and the run folder stores the resolved recipe.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

import tomli_w

from fer_edge import plugins
from fer_edge.documents import parse_toml, read_limited
from fer_edge.errors import RecipeError
from fer_edge.limits import TOML_BYTES
from fer_edge.schema import SchemaError, decode, encode

from ..architectures import Architecture, Pretrained, find_architecture, read_options
from .checks import check_ranges, typed

if TYPE_CHECKING:
    from typing_extensions import Unpack  # in typing since Python 3.11

Precision = Literal["float32", "bfloat16", "float16"]

_DEFAULTS: Any = None
"""Stands for the defaults of the architecture until a recipe knows its architecture."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random augmentation of the training faces, different in every epoch; zero disables a part."""

    rotation_degrees: float = 0.0
    """Largest rotation in either direction, in degrees."""
    shift: float = 0.0
    """Largest shift in either direction on each axis, as a share of the picture's side before the
    zoom."""
    zoom: float = 0.0
    """Largest change of the visible side: 0.2 shows 80% to 120% of it."""
    flip: bool = False
    """Whether every second face, at random, is mirrored left to right."""
    brightness: float = 0.0
    """Largest change of brightness, as a share of the full range."""
    contrast: float = 0.0
    """Range of the contrast factor: 1 - this to 1 + this, around middle gray."""
    erase: float = 0.0
    """Probability that a rectangle is replaced by gray (Zhong et al. 2017, arXiv:1708.04896)."""
    darken: float = 0.0
    """Largest loss of light of every second face, as a share."""
    blur: float = 0.0
    """Probability that a face loses half its resolution."""
    noise: float = 0.0
    """Largest deviation of the normal noise on every second face, as a share of the full range."""
    mixup: float = 0.0
    """Parameter of the Beta distribution for blending pairs of faces and their targets (Zhang et
    al. 2017, arXiv:1710.09412); float stage only."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Schedule of the learning rate."""

    kind: Literal["constant", "plateau", "exponential", "cosine"] = "constant"
    """How the rate changes from epoch to epoch."""
    factor: float = 0.5
    """plateau and exponential: factor of the learning rate ..."""
    patience: int = 5
    """plateau: ... after this many epochs without a lower validation loss."""
    decay_epochs: int = 10
    """exponential: ... over this many epochs, with a small step after each."""
    final: float = 1e-6
    """All except constant: lowest learning rate."""
    warmup_epochs: int = 0
    """cosine: number of epochs in which the rate rises linearly from zero."""


@dataclass(frozen=True, slots=True)
class Optimizer:
    """Optimizer of the weights."""

    kind: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    """The update rule."""
    momentum: float = 0.9
    """sgd: Nesterov momentum; rmsprop: plain momentum."""
    weight_decay: float = 0.0
    """adamw and sgd: weight decay, decoupled from the gradient; for sgd with momentum m, 1 / (1 -
    m) times the value of an L2 penalty has the same effect."""
    average: float = 0.0
    """Decay of an exponential moving average of the weights, which is scored and kept; 0 keeps the
    weights themselves."""
    sharpness: float = 0.0
    """Length of the ascent step of sharpness-aware minimization over all weights; 0 disables it. It
    costs half a step more; see `training/loop/sharpness.py`. Usual values are 0.05 to 0.2, and
    16-bit training must use bfloat16."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Loss function."""

    kind: Literal["cross-entropy", "focal"] = "cross-entropy"
    """focal weighs faces that are recognized with certainty less (Lin et al. 2017,
    arXiv:1708.02002)."""
    focal_gamma: float = 2.0
    """focal: how much less; 0 is cross-entropy."""
    vote_share: float = 0.0
    """Share of the FER+ votes in the target of a face with votes; the rest is its label."""
    vote_meaning: Literal["classes", "labels"] = "classes"
    """classes: a vote counts for the class of its name. labels: votes count for the labels that
    training faces with such votes have; see `training/targets/vote_translation.py`."""
    votes_weight: float = 0.0
    """Weight of the loss of a second head that learns the FER+ votes during training, relative to 1
    for the labels; see `training/targets/votes_head.py`. 0: no such head."""
    teacher_share: float = 0.5
    """Share of the teachers in the loss, if there are any."""
    teacher_views: Literal["augmented", "repeated", "clean"] = "augmented"
    """augmented: the teachers see the same augmented faces as the student, in every step. repeated:
    the same, but after `repeated_views` passes the augmented faces come again, and the teachers'
    outputs are stored; see `training/loop/repeated_views.py`. clean: the teachers see each face and
    its mirror image once, before training; costs no time afterwards."""
    repeated_views: int = 40
    """Number of augmented views of each face, with repeated views."""
    temperature: float = 2.0
    """Temperature of the logits of teacher and student (Hinton et al. 2015, arXiv:1503.02531), with
    augmented views; otherwise 1."""


@dataclass(frozen=True, slots=True)
class QuantizationAware:
    """The short second training, with int8 rounding in the graph; Adam, one pass per epoch."""

    epochs: int = 3
    """Length of this stage."""
    learning_rate: float = 1e-5
    """Constant learning rate of this stage."""
    augment: bool = True
    """Whether the augmentation of the float stage is used, except mixup."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run.

    Raises:
        RecipeError: A value has another type, is out of its range, or contradicts another one; or
            `network` is not that of the architecture.
    """

    architecture: str = "four-block"
    """Name of the architecture, of which `network` has the options."""
    size_px: int = 48
    """Side of the network's square input; faces of another size are resized."""
    start: str = ""
    """Run folder, `.tflite` file or bundled model of the same architecture with the initial
    weights; empty for random weights. Classes that it does not have start at random."""
    teachers: tuple[str, ...] = ()
    """Run folders, `.tflite` files, bundled models, or `.npz` files of stored predictions with the
    same classes, whose probabilities are also learned; several are averaged. Stored predictions
    need clean views."""
    epochs: int = 60
    """Number of epochs, at most."""
    passes: int = 1
    """Passes over the training faces in an epoch of the float stage. After each epoch, the network
    is scored and saved: on a fast GPU, several passes save time."""
    batch_size: int = 64
    """Faces in one step."""
    learning_rate: float = 1e-3
    """Initial learning rate, before the schedule."""
    precision: Precision = "float32"
    """Precision of the float stage; weights, loss and the stored network are always float32."""
    class_weights: Literal["none", "balanced", "sqrt"] = "none"
    """Class weights in the loss. balanced: n / (classes * n_class); sqrt: the square root of that,
    which raises rare classes less."""
    label_smoothing: float = 0.0
    """Share of the target that is spread evenly over all classes."""
    drop_non_faces: bool = False
    """Whether to leave out training faces that most FER+ taggers called unknown or not a face."""
    outlier_share: float = 0.0
    """Number of additional pictures without a face, as a share of the training faces. Their target
    is the same probability for every class, so that such pictures get no confident label. They are
    made from the faces; with `drop_non_faces` up to half of them are the pictures that it leaves
    out. Teachers must use repeated or clean views; see `training/targets/outliers.py`."""
    train_faces: int = 0
    """Number of training faces, drawn at random, for a quick test; 0: all."""
    monitor: Literal["accuracy", "loss", "last"] = "accuracy"
    """Epoch to keep: highest validation accuracy, lowest validation loss, or the last one."""
    early_stopping_patience: int = 10
    """Number of epochs without improvement after which training ends; 0: never."""
    seed: int = 0
    """Number that every random choice of the run starts from."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    schedule: Schedule = field(default_factory=Schedule)
    optimizer: Optimizer = field(default_factory=Optimizer)
    loss: Loss = field(default_factory=Loss)
    network: Architecture = _DEFAULTS
    """Options of the architecture; omitted: its defaults."""
    qat: QuantizationAware = field(default_factory=QuantizationAware)

    def __post_init__(self) -> None:
        # the way to set a field of a frozen dataclass
        for name, value in typed(self, without="network").items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "network", _network_of(self.architecture, self.network))
        check_ranges(self)
        if "\0" in f"{self.start}{''.join(self.teachers)}":
            raise RecipeError("'start' or 'teachers' has a zero byte, expected paths or names")
        stored = [name for name in self.teachers if name.endswith(".npz")]
        if stored and self.loss.teacher_views != "clean":
            raise RecipeError(
                f"'loss.teacher_views' is {self.loss.teacher_views}, expected clean with the "
                f"stored predictions in {stored[0]}: they exist for clean faces only"
            )
        if self.outlier_share and self.teachers and self.loss.teacher_views == "augmented":
            raise RecipeError(
                "'loss.teacher_views' is augmented, expected repeated or clean with outlier_share: "
                "teachers would give pictures without a face a label"
            )
        if self.precision == "float16" and self.optimizer.sharpness:
            raise RecipeError(
                "'precision' is float16, expected float32 or bfloat16 with optimizer.sharpness"
            )


def _network_of(architecture: str, network: Architecture) -> Architecture:
    """Return the options of an architecture, in the types of its fields.

    Raises:
        RecipeError: The architecture is unknown, or the options are those of another one.
    """
    part = find_architecture(architecture)
    if network is not _DEFAULTS and not isinstance(network, part):
        raise RecipeError(
            f"'network' is {type(network).__name__}, expected {part.__name__} for the architecture "
            f"{architecture!r}; omit it for the defaults"
        )
    return read_options(architecture, {} if network is _DEFAULTS else encode(network))


class RecipeChanges(TypedDict, total=False):
    """Keys that override a recipe's; None keeps the recipe's value. `Recipe` describes them."""

    architecture: str | None
    """Another architecture than the recipe's gets its own defaults as `network`."""
    start: str | None
    weights: str | None
    """Initial weights of an architecture with a pretrained base: imagenet, none, or a file."""
    teachers: Sequence[str] | None
    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    precision: str | None
    seed: int | None


def bundled_recipes() -> list[str]:
    """List the names of the bundled recipes."""
    folder = files("fer_edge.training") / "recipes"
    return sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".toml"))


def load_recipe(recipe: str | Path | Recipe, **changes: "Unpack[RecipeChanges]") -> Recipe:
    """Read a recipe, and override some of its keys.

    Args:
        recipe: Name of a bundled recipe, a TOML file, or a recipe.
        changes: Keys to override.

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
        except SchemaError as error:
            raise RecipeError(f"recipe {name}: {error}") from error
        except OSError as error:
            raise RecipeError(
                f"recipe {name} cannot be read; pass a TOML file or one of: "
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
    """Build a recipe from a TOML document with overridden keys; None overrides nothing."""
    given = {key: value for key, value in changes.items() if value is not None}
    weights = given.pop("weights", None)
    try:
        own = table.get("architecture", Recipe().architecture)
        data = {"architecture": own, **table, **given}
        if data["architecture"] != own:
            data["network"] = {}  # the recipe's keys belong to another architecture
        name = str(data["architecture"])
        network = read_options(name, data.get("network", {}))
        if weights is not None:
            network = _with_weights(network, weights, name)
        return decode(Recipe, {**data, "network": network})
    except (SchemaError, RecipeError) as error:
        raise RecipeError(f"{where}: {error}") from error


def _with_weights(network: Any, weights: str, name: str) -> Architecture:
    if not isinstance(network, Pretrained):
        names = plugins.own_names(plugins.ARCHITECTURES)
        ours = [known for known in names if hasattr(find_architecture(known), "load_weights")]
        raise RecipeError(
            f"architecture '{name}' has no pretrained weights; omit --weights, or use "
            f"{', '.join(ours)}"
        )
    changed: Any = network
    return cast(Architecture, dataclasses.replace(changed, weights=weights))


def format_recipe(recipe: Recipe) -> str:
    """Write a recipe as TOML, with all keys.

    Raises:
        RecipeError: A path in it is not UTF-8, which TOML requires.
    """
    text = tomli_w.dumps(encode(recipe))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = repr(error.object[error.start - 20 : error.end + 20])
        wanted = "expected a name in UTF-8; rename the file"
        raise RecipeError(f"{shown} cannot be written to recipe.toml: {wanted}") from error
    return text
