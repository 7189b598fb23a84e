"""A recipe: everything that decides a training run, as data.

A recipe is read from TOML (`training/recipes/NAME.toml` or the user's own file), options of the
command line go over it, and the run folder keeps the resolved one.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from fer_edge.errors import RecipeError
from fer_edge.schema import SchemaError, decode, encode

from .architectures import ARCHITECTURES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


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


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the learning rate moves."""

    kind: Literal["constant", "plateau", "cosine"] = "constant"
    factor: float = 0.5
    """plateau: multiplied by this ..."""
    patience: int = 5
    """plateau: ... when the validation loss has not fallen for this many epochs."""
    final: float = 1e-6
    """plateau and cosine: the rate never falls below this."""
    warmup_epochs: int = 0
    """cosine: epochs in which the rate climbs linearly from zero."""


@dataclass(frozen=True, slots=True)
class QuantizationAware:
    """The short second training, with int8 rounding in the graph."""

    epochs: int = 3
    learning_rate: float = 1e-5
    augment: bool = True
    """Whether the float stage's augmentation goes on."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    architecture: str = "four-block"
    epochs: int = 60
    batch_size: int = 64
    learning_rate: float = 1e-3
    """Of the Adam optimizer, before the schedule."""
    class_weights: Literal["none", "balanced", "sqrt"] = "none"
    """balanced: loss weight n / (classes * n_class); sqrt: the square root of that, a milder
    lift of rare classes."""
    label_smoothing: float = 0.0
    early_stopping_patience: int = 10
    """Epochs without a better validation accuracy after which training ends; 0: never."""
    seed: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    schedule: Schedule = field(default_factory=Schedule)
    qat: QuantizationAware = field(default_factory=QuantizationAware)

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise RecipeError(
                f"architecture '{self.architecture}' is unknown; wanted: {', '.join(ARCHITECTURES)}"
            )
        for name, value, fits, wanted in (
            ("epochs", self.epochs, self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size, self.batch_size >= 1, "at least 1"),
            ("learning_rate", self.learning_rate, self.learning_rate > 0, "above 0"),
            ("label_smoothing", self.label_smoothing, 0 <= self.label_smoothing < 1, "0 to 1"),
            ("seed", self.seed, self.seed >= 0, "at least 0"),
            ("qat.epochs", self.qat.epochs, self.qat.epochs >= 0, "at least 0"),
        ):
            if not fits:
                raise RecipeError(f"'{name}' is {value}, wanted {wanted}")


def bundled_recipes() -> list[str]:
    """List the names of the recipes that come with fer-edge."""
    folder = files("fer_edge.training") / "recipes"
    return sorted(Path(item.name).stem for item in folder.iterdir() if item.name.endswith(".toml"))


def load_recipe(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe.

    Args:
        name_or_path: A bundled recipe's name, or a TOML file.
        overrides: Top-level keys that replace the file's.

    Raises:
        RecipeError: It does not exist, is not TOML, or has a wrong key or value.
    """
    if name_or_path in bundled_recipes():
        text = (files("fer_edge.training") / "recipes" / f"{name_or_path}.toml").read_text("utf-8")
    else:
        try:
            text = Path(name_or_path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(
                f"recipe {name_or_path} cannot be read; name a TOML file or one of: "
                f"{', '.join(bundled_recipes())}"
            ) from error
    return parse_recipe(text, where=f"recipe {name_or_path}", overrides=overrides)


def parse_recipe(text: str, *, where: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Build a recipe from TOML text; `where` names it in messages.

    Raises:
        RecipeError: It is not TOML, or has a wrong key or value.
    """
    try:
        return decode(Recipe, {**tomllib.loads(text), **(overrides or {})})
    except (tomllib.TOMLDecodeError, SchemaError, RecipeError) as error:
        raise RecipeError(f"{where}: {error}") from error


def format_recipe(recipe: Recipe) -> str:
    """Write a recipe as TOML, every key included."""
    data = encode(recipe)
    tables = {key: value for key, value in data.items() if isinstance(value, dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in data.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
