"""Where a run lives: a new folder, or the one that is gone on with."""

import shutil
from pathlib import Path
from typing import Literal, get_args

from fer_edge.errors import OutputError, RecipeError, TrainingError
from fer_edge.files import new_folder, whole_file
from fer_edge.runfolder import INFO, RECIPE, partial

from ..recipes.recipe import Recipe, format_recipe, load_recipe

Existing = Literal["refuse", "resume", "overwrite"]
"""What to do where a run stands at the place of a new one."""
STATE = "state.npz"
"""The whole state of the float stage, until the run is complete."""


def open_place(recipe: Recipe, out: Path, existing: Existing) -> Path:
    """Make the folder that a run lives in until it is complete, or find the one to go on with.

    Args:
        recipe: Written into a new folder; one that is resumed must have the same.
        out: The run folder.
        existing: Where there is a run already.

    Raises:
        OutputError: It exists and is not to be touched, or the folder cannot be made.
        TrainingError: There is nothing to resume, or `existing` is none of its words.
        RecipeError: What is there has another recipe.
    """
    if existing not in get_args(Existing):  # a slip of the pen must not delete a run
        raise TrainingError(
            f"existing is {existing!r}; expected one of {', '.join(get_args(Existing))}"
        )
    unfinished = partial(out)
    if existing == "resume":
        folder = unfinished if unfinished.is_dir() else out
        if not folder.is_dir():
            raise TrainingError(f"{out} has no run to resume; train without --resume")
        before = load_recipe(folder / RECIPE)
        if before != recipe:
            raise RecipeError(
                f"the run in {folder} has another recipe ({folder / RECIPE}); resume with that "
                "one: --recipe, and no other options"
            )
        return folder
    if out.exists() and existing == "refuse":
        raise OutputError(f"{out} exists already; name another --out, or pass --overwrite")
    begun = any((unfinished / name).exists() for name in (STATE, INFO))
    if begun and existing == "refuse":
        raise OutputError(
            f"{unfinished} holds an unfinished run; go on with --resume, or pass --overwrite"
        )
    if out.is_dir():
        shutil.rmtree(out)
    folder = new_folder(unfinished, replace=True)
    with whole_file(folder / RECIPE) as temporary:
        temporary.write_text(format_recipe(recipe), "utf-8")
    return folder
