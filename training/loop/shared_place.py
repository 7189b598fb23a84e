"""The run folder of several processes: the first process's, and temporary copies for the others."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fer_edge.errors import FerEdgeError, TrainingError

from ..backend.processes import check_alike, process_count, process_id, tell
from ..recipes.recipe import Recipe, format_recipe
from ..targets.identity import TargetDigests
from .run_lock import locked_run
from .run_place import Place, open_place

_REFUSAL = "refusal"
"""Name of the archive member with the error of the first process."""


def check_same_run(recipe: Recipe, faces_digest: str) -> None:
    """Reject processes with different tasks.

    Raises:
        TrainingError: They have different recipes or faces; raised in all of them.
    """
    if process_count() > 1:
        check_alike("recipe", hashlib.sha256(format_recipe(recipe).encode()).digest())
        check_alike("face set", hashlib.sha256(faces_digest.encode()).digest())


@contextmanager
def shared_place(
    recipe: Recipe, place: Place, data_digest: str, targets: TargetDigests
) -> Iterator[Path]:
    """Create or find the folder of an incomplete run, and lock it; equal in all processes.

    Args:
        recipe: Recipe of the run.
        place: Run folder, and what to do with an existing run; for other processes than the first,
            a folder that does not exist.
        data_digest: Digest of the face set.
        targets: Digests of votes and teachers.

    Yields:
        The folder, as `open_place` returns it.

    Raises:
        OutputError: The first process's folder exists, is in use, or cannot be created.
        RecipeError: The existing run has a different recipe.
        DatasetError: The existing run has a different face set.
        TrainingError: There is no run to resume, or the first process could not open its folder.
    """
    with ExitStack() as held:
        if process_id() != 0:
            yield _copied(place)
            return
        try:
            held.enter_context(locked_run(place.out, creates=place.existing != "resume"))
            folder = open_place(recipe, place, data_digest, targets)
        except FerEdgeError as error:
            if process_count() > 1:
                tell(_packed({_REFUSAL: str(error).encode()}))
            raise
        if process_count() > 1:
            files = [path for path in folder.iterdir() if path.is_file()]
            tell(_packed({path.name: path.read_bytes() for path in files}))
        yield folder


def _copied(place: Place) -> Path:
    """Receive the first process's folder."""
    with zipfile.ZipFile(io.BytesIO(tell(b""))) as archive:
        if _REFUSAL in archive.namelist():
            raise TrainingError(f"the first process: {archive.read(_REFUSAL).decode()}")
        place.out.mkdir(parents=True)
        archive.extractall(place.out)
    return place.out


def _packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()
