"""Checks of the values of a recipe: types, then ranges."""

import dataclasses
import typing
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from fer_edge.errors import RecipeError
from fer_edge.schema import SchemaError, decode, encode

MOST_SEED = 2**32 - 1  # NumPy's old generator, which Keras and Optuna seed, takes 32 bits

Fits = Callable[[float], bool]
_SHARE: tuple[Fits, str] = (lambda value: 0 <= value <= 1, "0 to 1")
_PART: tuple[Fits, str] = (lambda value: 0 <= value < 1, "at least 0 and below 1")
_POSITIVE: tuple[Fits, str] = (lambda value: value > 0, "above 0")
_FROM_0: tuple[Fits, str] = (lambda value: value >= 0, "at least 0")
_FROM_1: tuple[Fits, str] = (lambda value: value >= 1, "at least 1")

LIMITS: tuple[tuple[str, Fits, str], ...] = (
    ("epochs", *_FROM_1),
    ("passes", *_FROM_1),
    ("batch_size", *_FROM_1),
    ("learning_rate", *_POSITIVE),
    ("label_smoothing", *_PART),
    ("outlier_share", *_SHARE),
    ("size_px", lambda value: 8 <= value <= 512, "8 to 512"),
    ("train_faces", *_FROM_0),
    ("early_stopping_patience", *_FROM_0),
    ("seed", lambda value: 0 <= value <= MOST_SEED, f"0 to {MOST_SEED}"),
    ("augmentation.rotation_degrees", lambda value: 0 <= value <= 180, "0 to 180"),
    ("augmentation.shift", *_SHARE),
    ("augmentation.zoom", *_PART),
    ("augmentation.brightness", *_SHARE),
    ("augmentation.contrast", *_SHARE),
    ("augmentation.erase", *_SHARE),
    ("augmentation.darken", *_SHARE),
    ("augmentation.blur", *_SHARE),
    ("augmentation.noise", *_SHARE),
    ("augmentation.mixup", *_FROM_0),
    ("schedule.factor", lambda value: 0 < value <= 1, "above 0 and at most 1"),
    ("schedule.patience", *_FROM_0),
    ("schedule.decay_epochs", *_FROM_1),
    ("schedule.final", *_FROM_0),
    ("schedule.warmup_epochs", *_FROM_0),
    ("optimizer.momentum", *_PART),
    ("optimizer.weight_decay", *_FROM_0),
    ("optimizer.average", *_PART),
    ("optimizer.sharpness", *_FROM_0),
    ("loss.focal_gamma", *_FROM_0),
    ("loss.vote_share", *_SHARE),
    ("loss.teacher_share", *_SHARE),
    ("loss.votes_weight", *_FROM_0),
    ("loss.temperature", *_POSITIVE),
    ("loss.repeated_views", *_FROM_1),
    ("qat.epochs", *_FROM_0),
    ("qat.learning_rate", *_POSITIVE),
)
"""Key, condition on its value, and the text for messages."""


def typed(settings: Any, *, without: str) -> dict[str, Any]:
    """Return the values of a recipe in the types of its fields, as after reading from TOML.

    Args:
        settings: Instance of a dataclass whose fields are values and tables (dataclasses).
        without: Name of a field that is not checked.

    Returns:
        Value by name of the field; a list becomes a tuple, a whole number of a float field a float.

    Raises:
        RecipeError: A value has another type.
    """
    part: Any = type(settings)
    plain = _unchecked(part, without)
    fields = dataclasses.fields(plain)
    values = {field.name: getattr(settings, field.name) for field in fields}
    for field in fields:
        value, table = values[field.name], field.type
        if isinstance(table, type) and dataclasses.is_dataclass(table) and type(value) is not table:
            raise RecipeError(
                f"'{field.name}' is {type(value).__name__}, expected {table.__name__}"
            )
    try:
        read: Any = decode(plain, {name: encode(value) for name, value in values.items()})
    except SchemaError as error:
        raise RecipeError(str(error)) from error
    return {field.name: getattr(read, field.name) for field in fields}


@cache
def _unchecked(settings: type, without: str) -> type:
    """Return a dataclass of the same fields without `__post_init__`, which `decode` can build."""
    hints = typing.get_type_hints(settings)
    return dataclasses.make_dataclass(
        settings.__name__, [(name, hint) for name, hint in hints.items() if name != without]
    )


def check_ranges(settings: Any) -> None:
    """Check every number of a recipe against its limits.

    Raises:
        RecipeError: A number is out of its range.
    """
    for key, fits, wanted in LIMITS:
        if not fits(value := attrgetter(key)(settings)):
            raise RecipeError(f"'{key}' is {value}, expected {wanted}")
