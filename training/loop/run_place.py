"""The folder of a run: a new one, or one to resume."""

import shutil
from pathlib import Path
from typing import Literal, get_args

from fer_edge.errors import OutputError, RecipeError, TrainingError
from fer_edge.files import new_folder, whole_file
from fer_edge.runfolder import INFO, RECIPE, partial

from ..recipes.recipe import Recipe, format_recipe, load_recipe

Existing = Literal["refuse", "resume", "overwrite"]
"""What to do with an existing run."""
STATE = "state.npz"
"""Complete state of the float stage, until the run is complete."""


def open_place(recipe: Recipe, out: Path, existing: Existing) -> Path:
    """Create the folder of an incomplete run, or find the one to resume.

    Args:
        recipe: Recipe, written into a new folder; a resumed run must have the same recipe.
        out: Run folder.
        existing: What to do with an existing run.

    Raises:
        OutputError: It exists and must not be touched, or the folder cannot be created.
        TrainingError: There is no run to resume, or `existing` is not a valid value.
        RecipeError: The existing run has a different recipe.
    """
    if existing not in get_args(Existing):  # a typing error must not delete a run
        raise TrainingError(
            f"existing is {existing!r}; expected one of {', '.join(get_args(Existing))}"
        )
    unfinished = partial(out)
    if existing == "resume":
        folder = unfinished if unfinished.is_dir() else out
        if not folder.is_dir():
            raise TrainingError(f"{out} has no run to resume; omit --resume")
        before = load_recipe(folder / RECIPE)
        if before != recipe:
            raise RecipeError(
                f"the run in {folder} has a different recipe ({folder / RECIPE}); resume with "
                "that recipe (--recipe) and no other options"
            )
        return folder
    if out.exists() and existing == "refuse":
        raise OutputError(f"{out} already exists; choose another --out, or pass --overwrite")
    begun = any((unfinished / name).exists() for name in (STATE, INFO))
    if begun and existing == "refuse":
        raise OutputError(
            f"{unfinished} is an unfinished run; continue with --resume, or pass --overwrite"
        )
    if out.is_dir():
        shutil.rmtree(out)
    folder = new_folder(unfinished, replace=True)
    with whole_file(folder / RECIPE) as temporary:
        temporary.write_text(format_recipe(recipe), "utf-8")
    return folder
