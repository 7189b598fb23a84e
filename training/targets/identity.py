"""What the targets of a run are made of, besides the labels: a resumed run must have the same."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_edge.faces.faceset import FaceSet
from fer_edge.files import check_no_named_pipe
from fer_edge.model.bundled import bundled_models, find_model
from fer_edge.runfolder import FLOAT_MODEL

from ..recipes.recipe import Recipe

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TargetDigests:
    """Digests of votes and teachers.

    Attributes:
        votes: Sha256 of the FER+ votes; empty if the recipe does not use them, or if unknown.
        teachers: Sha256 of the files of all teachers; empty without teachers, or if unknown.
    """

    votes: str = ""
    teachers: str = ""


def target_digests(recipe: Recipe, faces: FaceSet) -> TargetDigests:
    """Return the digests of what a recipe uses; empty for a teacher that cannot be read."""
    loss = recipe.loss
    uses_votes = bool(loss.vote_share or loss.votes_weight or recipe.drop_non_faces)
    votes = faces.votes if uses_votes else None
    try:
        teachers = _digest_of([_file_of(name) for name in recipe.teachers])
    except OSError:  # reported when it is loaded
        teachers = ""
    return TargetDigests(
        "" if votes is None else hashlib.sha256(np.ascontiguousarray(votes).tobytes()).hexdigest(),
        teachers,
    )


def _file_of(teacher: str) -> Path:
    path = Path(teacher)
    if path.suffix == ".tflite" or (not path.exists() and teacher in bundled_models()):
        return find_model(teacher)
    return path / FLOAT_MODEL if path.is_dir() else path


def _digest_of(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        check_no_named_pipe(path)
        digest.update(f"{path.stat().st_size} ".encode())
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest() if files else ""
