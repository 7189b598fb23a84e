"""A sweep: a recipe, its search space, and the number of trials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

import tomli_w

from fer_edge.documents import read_toml
from fer_edge.errors import RecipeError
from fer_edge.schema import SchemaError, decode, encode

from ..recipes.checks import MOST_SEED
from ..recipes.recipe import Recipe, load_recipe, parse_recipe
from .space import Space, Value, parse_space


@dataclass(frozen=True, slots=True)
class Pruning:
    """When to stop a trial early: its best epoch so far is worse than the median of the others'."""

    enabled: bool = True
    startup_trials: int = 5
    """Number of trials that are never stopped early."""
    warmup_epochs: int = 3
    """Number of first epochs in which a trial is never stopped."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Settings of a sweep.

    Attributes:
        recipe: Name of a bundled recipe, or a TOML file next to the sweep's.
        trials: Number of trainings, including those that are stopped early.
        seed: Random seed of the search.
        pruning: When to stop a trial early.
    """

    recipe: str = "four-block"
    trials: int = 20
    seed: int = 0
    pruning: Pruning = field(default_factory=Pruning)


_LIMITS: tuple[tuple[str, Callable[[int], bool], str], ...] = (
    ("trials", lambda value: value >= 1, "at least 1"),
    ("seed", lambda value: 0 <= value <= MOST_SEED, f"0 to {MOST_SEED}"),
    ("pruning.startup_trials", lambda value: value >= 0, "at least 0"),
    ("pruning.warmup_epochs", lambda value: value >= 0, "at least 0"),
)
"""Key of the plan, condition on its value, and the text for messages."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that is ready to run.

    Attributes:
        plan: Settings of the sweep.
        base: Recipe to vary.
        space: Search space.
        text: The resolved sweep as TOML, without the number of trials.
    """

    plan: Plan
    base: Recipe
    space: Space
    text: str

    @property
    def size_px(self) -> int:
        """Largest side of a network's input in the trials: the faces should not be smaller."""
        sizes = self.space.get("size_px")
        return self.base.size_px if sizes is None else int(max(sizes.samples))

    def recipe(self, values: Mapping[str, Value]) -> Recipe:
        """Return the recipe with other values.

        Args:
            values: Dotted key -> value.

        Raises:
            RecipeError: A key is unknown, or a value is invalid.
        """
        table = encode(self.base)
        if values.get("architecture", self.base.architecture) != self.base.architecture:
            table["network"] = {}  # the keys belong to another architecture
        for key, value in values.items():
            *path, last = key.split(".")
            inner = table
            for name in path:
                inner = inner.setdefault(name, {})
                if not isinstance(inner, dict):
                    raise RecipeError(f"'search.{key}': '{name}' is not a table of a recipe")
            inner[last] = value
        return parse_recipe(tomli_w.dumps(table), where="search")


def load_sweep(path: Path) -> Sweep:
    """Read a sweep, and check all values of lists and both ends of ranges.

    Raises:
        RecipeError: The file cannot be read, or a key or value is wrong.
    """
    where = f"sweep {path}"
    try:
        table = read_toml(path)
    except OSError as error:
        raise RecipeError(f"{where} cannot be read; pass a TOML file with a table [search]") from (
            error
        )
    except SchemaError as error:
        raise RecipeError(f"{where}: {error}") from error
    space = parse_space(table.pop("search", {}), where)
    try:
        plan = decode(Plan, table)
    except SchemaError as error:
        raise RecipeError(f"{where}: {error}") from error
    for key, fits, wanted in _LIMITS:
        if not fits(value := attrgetter(key)(plan)):
            raise RecipeError(f"{where}: '{key}' is {value}, expected {wanted}")
    beside = path.parent / plan.recipe
    base = load_recipe(beside if beside.is_file() else plan.recipe)
    sweep = Sweep(plan, base, space, _resolved(plan, base, space))
    for key, values in space.items():
        if key.startswith("qat."):
            raise RecipeError(
                f"{where}: 'search.{key}' has no effect: trials have no quantization-aware stage; "
                "expected keys of the float stage"
            )
        for value in values.samples:
            try:
                sweep.recipe({key: value})
            except RecipeError as error:
                raise RecipeError(f"{where}: 'search.{key}' = {value!r}: {error}") from error
    return sweep


def _resolved(plan: Plan, base: Recipe, space: Space) -> str:
    own: dict[str, Any] = encode(plan)
    del own["trials"]  # may be increased later
    varied = {key: _without_none(encode(values)) for key, values in space.items()}
    return tomli_w.dumps({**own, "recipe": encode(base), "search": varied})


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}
