"""A validation split from the training faces."""

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import FaceSet

_TRAIN, _VALIDATION, _TEST = 0, 1, 2


def split_off_validation(
    faces: FaceSet, *, share: float, seed: int, where: str = "", unused_advice: str = ""
) -> FaceSet:
    """Move a share of each class from `train` to `validation`; the old `validation` joins `test`.

    At least one picture of each class is moved and one stays. Identical pictures stay together, so
    that no validation face is also a training face.

    Args:
        faces: Face set with a `train` split.
        share: Share of each class's training faces, 0 to 1.
        seed: Random seed.
        where: Folder of the class folders, for messages.
        unused_advice: Advice for a class without any face, instead of removing it.

    Raises:
        DatasetError: A class has fewer than two different training pictures.
    """
    rows = np.flatnonzero(faces.split == _TRAIN)
    # in the order of the set; a picture with several labels counts for the label of its first
    # face
    pictures, first, counts = np.unique(faces.pictures[rows], return_index=True, return_counts=True)
    owners = faces.labels[rows][first]
    random = np.random.default_rng(seed)
    chosen: list[NDArray[np.int64]] = []
    for label, name in enumerate(faces.class_names):
        mine = np.flatnonzero(owners == label)
        if len(mine) < 2:
            advice = unused_advice if not (faces.labels == label).any() else ""
            raise DatasetError(_too_few(name, int(counts[mine].sum()), len(mine), where, advice))
        chosen.append(pictures[_draw(random.permutation(mine), counts, share)])
    split = np.where(faces.split == _VALIDATION, _TEST, faces.split).astype(np.uint8)
    moved = np.isin(faces.pictures, np.concatenate(chosen)) & (faces.split == _TRAIN)
    split[moved] = _VALIDATION
    return FaceSet(faces.images, faces.labels, split, faces.class_names, faces.votes)


def _draw(
    shuffled: NDArray[np.int64], counts: NDArray[np.int64], share: float
) -> NDArray[np.int64]:
    """Take pictures in order until they contain the share of the faces."""
    total = int(counts[shuffled].sum())
    wanted = min(max(1, round(share * total)), total - 1)
    taken, faces = [], 0
    for picture in shuffled:
        if faces + counts[picture] <= wanted:
            taken.append(picture)
            faces += int(counts[picture])
    # every picture may occur more often than the number of faces needed
    return np.array(taken or [shuffled[np.argmin(counts[shuffled])]])


def _too_few(name: str, faces: int, pictures: int, where: str, advice: str) -> str:
    place = f" ({where}/{name})" if where else ""
    got = f"{faces} training face{'' if faces == 1 else 's'}"
    if pictures < faces:
        got += ", all of them the same picture"
    return (
        f"class '{name}'{place} has {got}; expected at least 2 different ones, one for "
        f"training and one for validation; {advice or 'add pictures, remove the class'}, or supply "
        "a validation split"
    )
