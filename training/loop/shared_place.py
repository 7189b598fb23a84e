"""The run folder of several processes: the first one's, and copies of it behind the others."""

import hashlib
import io
import zipfile
from pathlib import Path

from fer_edge.errors import FerEdgeError, TrainingError

from ..backend.processes import check_alike, process_count, process_id, tell
from ..recipes.recipe import Recipe, format_recipe
from .run_place import Existing, open_place

_REFUSAL = "refusal"
"""Name in the archive of what the first process could not do."""


def check_same_run(recipe: Recipe, faces_digest: str) -> None:
    """Refuse processes that would train other things.

    Raises:
        TrainingError: They have other recipes or faces; in all of them.
    """
    if process_count() > 1:
        check_alike("recipe", hashlib.sha256(format_recipe(recipe).encode()).digest())
        check_alike("face set", hashlib.sha256(faces_digest.encode()).digest())


def open_shared_place(recipe: Recipe, out: Path, existing: Existing) -> Path:
    """Make or find the folder that a run lives in, as `open_place`; the same in all processes.

    Args:
        recipe: What to do.
        out: The run folder; behind the first process one that does not exist.
        existing: Where there is a run already.

    Raises:
        OutputError: The first process's folder exists, or cannot be made.
        RecipeError: What is there has another recipe.
        TrainingError: There is nothing to resume, or the first process was refused its folder.
    """
    if process_count() == 1:
        return open_place(recipe, out, existing)
    if process_id() == 0:
        try:
            folder = open_place(recipe, out, existing)
        except FerEdgeError as error:
            tell(_packed({_REFUSAL: str(error).encode()}))
            raise
        tell(_packed({path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}))
        return folder
    with zipfile.ZipFile(io.BytesIO(tell(b""))) as archive:
        if _REFUSAL in archive.namelist():
            raise TrainingError(f"the first process: {archive.read(_REFUSAL).decode()}")
        out.mkdir(parents=True)
        archive.extractall(out)
    return out


def _packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()
