"""Accuracy through the served path: face set, model input, interpreter, scores."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.faces.faceset import SPLITS, FaceSet
from fer_edge.faces.votes import NO_MAJORITY, majority_labels, no_face
from fer_edge.inference.model import TFLiteModel
from fer_edge.model.card import CardScore
from fer_edge.model.file import ModelFile
from fer_edge.scoring.scores import Scores, score
from fer_edge.scoring.temperature import TemperatureScaling, cross_fit

from .group_scores import GroupScores, score_groups

Variant = Literal["float", "served"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All scores of one model on one split and its subsets; stored in `scores.json`.

    Attributes:
        variant: float (the network that was trained) or served (a .tflite file).
        split: Split of the face set.
        class_names: Classes in label order, the order of `recall` and `confusion`.
        every_face: Scores on the whole split.
        without_duplicates: Scores on faces that do not occur in train; None if there are none.
        without_non_faces: Scores on faces that most FER+ taggers considered a face; None without
            votes.
        ferplus: Scores against the majority of FER+ taggers, on faces with a majority for one of
            the classes; None without votes, or for other classes than FER+'s.
        groups: Scores on each group of the faces' groups, on the whole split; empty without groups.
    """

    variant: Variant
    split: str
    class_names: tuple[str, ...]
    every_face: Scores
    without_duplicates: Scores | None
    without_non_faces: Scores | None
    ferplus: Scores | None
    groups: tuple[GroupScores, ...] = ()


def served_probabilities(model: TFLiteModel, faces: FaceSet) -> NDArray[np.float32]:
    """Classify all faces of a set as `fer-edge run` would.

    Returns:
        float32, (n, classes).

    Raises:
        DatasetError: The set's classes differ from the model's.
    """
    if faces.class_names != model.labels:
        raise DatasetError(
            f"the faces' classes ({', '.join(faces.class_names)}) differ from those of "
            f"{model.file.path.name} ({', '.join(model.labels)}); use the face set of this model"
        )
    # one by one: the large inputs of all faces together would not fit into memory
    return np.stack([model.probabilities(model.input_of(face)) for face in faces.images])


def unscaled_probabilities(file: ModelFile, faces: FaceSet) -> tuple[NDArray[np.float32], float]:
    """Classify all faces of a set at temperature 1, whatever the card states.

    The scores of a card are measured at temperature 1, and temperatures are fitted at it.

    Returns:
        float32, (n, classes), and the model's `floor`.

    Raises:
        DatasetError: The set's classes differ from the model's.
        ModelError: The graph cannot be run, or contradicts the card.
    """
    plain = replace(file, card=replace(file.card, temperature_scaling=None))
    with TFLiteModel(plain) as model:
        return served_probabilities(model, faces), model.floor


def fit_scaling(
    probabilities: NDArray[np.float32], faces: FaceSet, *, floor: float
) -> TemperatureScaling:
    """Fit the temperature for a card.

    Args:
        probabilities: float32, (n, classes), at temperature 1.
        faces: The n faces, all of one split.
        floor: Floor of the model.

    Raises:
        DatasetError: There are too few faces.
        ModelError: The outputs are not probabilities.
    """
    fit = cross_fit(probabilities, faces.labels, floor)
    return TemperatureScaling(
        value=fit.temperature,
        faces=len(faces),
        split=SPLITS[int(faces.split[0])],
        digest=faces.digest,
        error_before=fit.error_before,
        error_after=fit.error_after,
    )


def evaluate(variant: Variant, probabilities: NDArray[np.float32], faces: FaceSet) -> Evaluation:
    """Score probabilities on a split and on its subsets.

    Args:
        variant: Model that produced them.
        probabilities: float32, (n, classes).
        faces: The n faces, all of one split.

    Raises:
        DatasetError: The probabilities do not match the faces.
    """
    labels = faces.labels.astype(np.int64)

    def scores_of(rows: NDArray[np.bool_], wanted: NDArray[np.int64] = labels) -> Scores | None:
        return score(probabilities[rows], wanted[rows].astype(np.uint8)) if rows.any() else None

    voted = None if faces.votes is None else faces.votes.any(axis=1)
    real = ferplus = None
    if faces.votes is not None and voted is not None and voted.any():
        real = scores_of(~no_face(faces.votes))
        said = majority_labels(faces.votes, faces.class_names)
        ferplus = None if said is None else scores_of(said != NO_MAJORITY, said)
    return Evaluation(
        variant=variant,
        split=SPLITS[int(faces.split[0])],
        class_names=faces.class_names,
        every_face=score(probabilities, faces.labels),
        without_duplicates=scores_of(~faces.duplicates),
        without_non_faces=real,
        ferplus=ferplus,
        groups=score_groups(probabilities, faces.labels, faces.groups),
    )


def card_score(variant: Variant, probabilities: NDArray[np.float32], faces: FaceSet) -> CardScore:
    """Score probabilities for a card, with the figures that matter on a device.

    Args:
        variant: Model that produced them.
        probabilities: float32, (n, classes).
        faces: The n faces, all of one split.
    """
    evaluation = evaluate(variant, probabilities, faces)
    scores, ferplus = evaluation.every_face, evaluation.ferplus
    without = evaluation.without_duplicates
    return CardScore(
        variant=variant,
        split=evaluation.split,
        n=scores.n,
        accuracy=scores.accuracy,
        n_without_duplicates=without.n if without else 0,
        accuracy_without_duplicates=(without or scores).accuracy,
        balanced_accuracy=scores.balanced_accuracy,
        macro_f1=scores.macro_f1,
        calibration_error=scores.calibration_error,
        recall=scores.recall,
        top3_accuracy=scores.top3_accuracy,
        ferplus_n=ferplus.n if ferplus else None,
        ferplus_accuracy=ferplus.accuracy if ferplus else None,
    )


def describe_evaluation(evaluation: Evaluation) -> str:
    """Format an evaluation as text: a line for each subset of the split, then the recalls."""
    parts = {
        "every face": evaluation.every_face,
        "without duplicates": evaluation.without_duplicates,
        "without non-faces": evaluation.without_non_faces,
        "FER+ majority": evaluation.ferplus,
    }
    columns = ("n", "accuracy", "top-3", "balanced", "macro-F1", "calibration")
    lines = [f"{evaluation.split:18}" + "".join(f"{name:>12}" for name in columns)]
    for name, scores in parts.items():
        if scores is None:
            continue
        shares = (
            *(scores.accuracy, scores.top3_accuracy, scores.balanced_accuracy),
            *(scores.macro_f1, scores.calibration_error),
        )
        cells = ("-" if share is None else f"{share:.2%}" for share in shares)
        lines.append(f"{name:18}{scores.n:12,}" + "".join(f"{cell:>12}" for cell in cells))
    recall = "  ".join(
        f"{name} {share}"
        for name, share in zip(
            evaluation.class_names, evaluation.every_face.shown_recall, strict=True
        )
    )
    return "\n".join([*lines, f"recall: {recall}"])
