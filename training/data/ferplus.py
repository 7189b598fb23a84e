"""The face set that FER+'s taggers would have made of FER2013's pictures."""

import numpy as np

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FERPLUS_CLASSES
from fer_edge.faces.votes import NO_MAJORITY, majority_labels


def relabel(faces: FaceSet) -> FaceSet:
    """Give each face the class that most FER+ taggers said, and leave out those without one.

    As in Barsoum et al. 2016 (arXiv:1608.01041): out go faces without a majority
    (`fer_edge.faces.votes.majority`), with one for unknown or not a face, and without votes.

    Raises:
        DatasetError: The set has no votes, or nothing is left.
    """
    if faces.votes is None:
        raise DatasetError(
            "FER+'s classes need FER+ votes and the faces have none; "
            "pass --votes fer2013new.csv beside fer2013.csv, or a .npz with votes"
        )
    labels = majority_labels(faces.votes, FERPLUS_CLASSES)
    if labels is None or (labels == NO_MAJORITY).all():
        raise DatasetError("no face has a majority of FER+ votes; check the votes")
    keep = labels != NO_MAJORITY
    split = faces.split[keep]
    # a part of a set keeps what was found in the whole; a whole looks again, its train is smaller
    twins = None if (split == 0).any() else faces.duplicates[keep]
    return FaceSet(
        images=faces.images[keep],
        labels=labels[keep].astype(np.uint8),
        split=split,
        class_names=FERPLUS_CLASSES,
        votes=faces.votes[keep],
        twins=twins,
    )
