"""FER2013's pictures with the classes of FER+."""

import numpy as np

from fer_edge.errors import ConfigError, DatasetError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FERPLUS_CLASSES
from fer_edge.faces.votes import NO_MAJORITY, majority_labels


def relabel(faces: FaceSet) -> FaceSet:
    """Label each face with the majority of the FER+ taggers, and drop faces without one.

    As in Barsoum et al. 2016 (arXiv:1608.01041), faces are dropped that have no majority
    (`fer_edge.faces.votes.majority`), a majority for unknown or not a face, or no votes.

    Raises:
        ConfigError: The set has no votes.
        DatasetError: No face is left.
    """
    if faces.votes is None:
        raise ConfigError(
            "FER+'s classes need FER+ votes, but the faces have none; pass --votes "
            "fer2013new.csv together with fer2013.csv, or a .npz with votes"
        )
    labels = majority_labels(faces.votes, FERPLUS_CLASSES)
    if labels is None or (labels == NO_MAJORITY).all():
        raise DatasetError("no face has a majority of FER+ votes; check the votes file")
    keep = labels != NO_MAJORITY
    split = faces.split[keep]
    # a subset keeps the duplicates of the whole set; here they are computed again for the smaller
    # train
    twins = None if (split == 0).any() else faces.duplicates[keep]
    return FaceSet(
        images=faces.images[keep],
        labels=labels[keep].astype(np.uint8),
        split=split,
        class_names=FERPLUS_CLASSES,
        votes=faces.votes[keep],
        twins=twins,
    )
