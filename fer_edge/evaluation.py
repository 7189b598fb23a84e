"""Accuracy through the served path: face set, model input, interpreter, scores."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fer_edge.card import CardScore
from fer_edge.errors import DatasetError
from fer_edge.faces import model_inputs
from fer_edge.faceset import SPLITS, FaceSet
from fer_edge.interpreter import TFLiteModel
from fer_edge.scores import Scores, score


def served_probabilities(model: TFLiteModel, faces: FaceSet) -> NDArray[np.float32]:
    """Read every face of a set as `fer-edge run` would.

    Returns:
        float32, (n, classes).

    Raises:
        DatasetError: The set's classes are not the model's.
    """
    if faces.class_names != model.labels:
        raise DatasetError(
            f"the faces' classes ({', '.join(faces.class_names)}) are not those of "
            f"{model.file.path.name} ({', '.join(model.labels)}); use the set it was made for"
        )
    return model.probabilities_of(model_inputs(faces.images, *model.input_size))


def card_score(
    variant: Literal["float", "served"],
    probabilities: NDArray[np.float32],
    faces: FaceSet,
) -> CardScore:
    """Score probabilities for a card.

    Args:
        variant: Which model they come from.
        probabilities: float32, (n, classes).
        faces: The n faces, all of one split.
    """
    scores = score(probabilities, faces.labels)
    clean = ~faces.duplicates
    without = score(probabilities[clean], faces.labels[clean]) if clean.any() else scores
    return CardScore(
        variant=variant,
        split=SPLITS[int(faces.split[0])],
        n=scores.n,
        accuracy=scores.accuracy,
        n_without_duplicates=int(clean.sum()),
        accuracy_without_duplicates=without.accuracy,
        balanced_accuracy=scores.balanced_accuracy,
        macro_f1=scores.macro_f1,
        calibration_error=scores.calibration_error,
        recall=scores.recall,
    )


def describe(scores: Scores, class_names: tuple[str, ...]) -> str:
    """Write scores as one line for people."""
    recall = "  ".join(
        f"{name} {share:.1%}" for name, share in zip(class_names, scores.recall, strict=True)
    )
    return (
        f"accuracy {scores.accuracy:.2%}  balanced {scores.balanced_accuracy:.2%}  "
        f"macro-F1 {scores.macro_f1:.2%}  calibration error {scores.calibration_error:.2%}  "
        f"(n {scores.n})\nrecall: {recall}"
    )
