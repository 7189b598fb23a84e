"""A sweep: a recipe, what varies in it, and how long to search."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from fer_edge.errors import RecipeError
from fer_edge.schema import SchemaError, decode, encode

from ..recipes.recipe import Recipe, load_recipe, parse_recipe
from .space import Space, Value, parse_space

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True)
class Pruning:
    """When a trial is given up: its best epoch so far is worse than the median of the others'."""

    enabled: bool = True
    startup_trials: int = 5
    """So many trials are never given up."""
    warmup_epochs: int = 3
    """Nor is one in its first epochs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A sweep's own keys.

    Attributes:
        recipe: A bundled recipe's name, or a TOML file beside the sweep's.
        trials: Number of trainings, those that are given up included.
        seed: Of the search.
        pruning: When to give up.
    """

    recipe: str = "four-block"
    trials: int = 20
    seed: int = 0
    pruning: Pruning = field(default_factory=Pruning)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that can be run.

    Attributes:
        plan: Its own keys.
        base: The recipe that is varied.
        space: What varies.
        text: The resolved sweep as TOML, without the number of trials.
    """

    plan: Plan
    base: Recipe
    space: Space
    text: str

    def recipe(self, values: Mapping[str, Value]) -> Recipe:
        """Return the recipe with other values.

        Args:
            values: Dotted key -> value.

        Raises:
            RecipeError: A key is unknown, or a value does not fit.
        """
        table = encode(self.base)
        if values.get("architecture", self.base.architecture) != self.base.architecture:
            table["network"] = {}  # the keys are another architecture's
        for key, value in values.items():
            *path, last = key.split(".")
            inner = table
            for name in path:
                inner = inner.setdefault(name, {})
                if not isinstance(inner, dict):
                    raise RecipeError(f"'search.{key}': '{name}' is not a table of the recipe")
            inner[last] = value
        return parse_recipe(tomli_w.dumps(table), where="search")


def load_sweep(path: Path) -> Sweep:
    """Read a sweep, and try every list's values and every range's ends.

    Raises:
        RecipeError: The file cannot be read, or a key or value is wrong.
    """
    where = f"sweep {path}"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where} cannot be read; name a TOML file with a table [search]") from (
            error
        )
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where}: {error}") from error
    space = parse_space(table.pop("search", {}), where)
    try:
        plan = decode(Plan, table)
    except SchemaError as error:
        raise RecipeError(f"{where}: {error}") from error
    if plan.trials < 1:
        raise RecipeError(f"{where}: 'trials' is {plan.trials}, expected at least 1")
    beside = path.parent / plan.recipe
    base = load_recipe(beside if beside.is_file() else plan.recipe)
    sweep = Sweep(plan, base, space, _resolved(plan, base, space))
    for key, values in space.items():
        for value in values.samples:
            try:
                sweep.recipe({key: value})
            except RecipeError as error:
                raise RecipeError(f"{where}: 'search.{key}' = {value!r}: {error}") from error
    return sweep


def _resolved(plan: Plan, base: Recipe, space: Space) -> str:
    own: dict[str, Any] = encode(plan)
    del own["trials"]  # more may be asked for later
    varied = {key: _without_none(encode(values)) for key, values in space.items()}
    return tomli_w.dumps({**own, "recipe": encode(base), "search": varied})


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}
