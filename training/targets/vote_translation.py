"""Labels predicted from FER+ votes: a regression over the training faces.

Taggers and labelers name the same face differently (for 59% of FER2013's training faces most
taggers chose the label), so a share of votes is not a share of labels. A multinomial logistic
regression learns the labels of faces with given votes, which does not repeat the errors of single
labels as a one-hot target does.
"""

import numpy as np
from numpy.typing import NDArray

_PENALTY = 1e-4
_STEPS = 50
_SETTLED = 1e-7
"""Newton's method ends after this many steps, or when the loss decreases by less."""


def learn_translation(
    votes: NDArray[np.uint8], labels: NDArray[np.uint8], classes: int
) -> NDArray[np.float64]:
    """Learn the labels of faces with given votes.

    Args:
        votes: uint8, (n, 10), in FER+'s order; faces without votes are ignored.
        labels: uint8, (n,).
        classes: Number of classes.

    Returns:
        Weights of the regression, for `translate`.
    """
    voted = votes.any(axis=1)
    if not voted.any():
        return np.zeros((_features(votes).shape[1], classes))  # all labels equal
    return _fit(_features(votes[voted]), np.eye(classes)[labels[voted]])


def translate(votes: NDArray[np.uint8], weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the probability of each label, float32 (n, classes), for votes (n, 10)."""
    return _softmax(_features(votes) @ weights).astype(np.float32)


def _features(votes: NDArray[np.uint8]) -> NDArray[np.float64]:
    counts = votes.astype(np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return np.concatenate([shares, shares**2, np.log(counts + 0.5), np.ones((len(votes), 1))], 1)


def _fit(features: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minimize the mean cross-entropy plus an L2 penalty, by Newton's method.

    Returns:
        Weights, (features, classes).
    """
    weights = np.zeros((features.shape[1], wanted.shape[1]))
    loss = _loss(features, wanted, weights)
    for _ in range(_STEPS):
        step = _newton_step(features, wanted, weights)
        before = loss
        while (loss := _loss(features, wanted, weights - step)) > before:  # step too long
            step /= 2
        weights -= step
        if before - loss < _SETTLED:
            break
    return weights


def _loss(
    features: NDArray[np.float64], wanted: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    said = _softmax(features @ weights)
    distance = -np.log(np.maximum((said * wanted).sum(axis=1), 1e-300)).mean()
    return float(distance + _PENALTY / 2 * (weights**2).sum())


def _newton_step(
    features: NDArray[np.float64], wanted: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    (n, size), classes = features.shape, wanted.shape[1]
    said = _softmax(features @ weights)
    gradient = features.T @ (said - wanted) / n + _PENALTY * weights
    hessian = np.zeros((classes, size, classes, size))
    for i in range(classes):
        for j in range(i, classes):
            curve = said[:, i] * ((i == j) - said[:, j])
            block = (features * curve[:, None]).T @ features / n
            hessian[i, :, j, :] = hessian[j, :, i, :] = block
    square = hessian.reshape(classes * size, -1) + _PENALTY * np.eye(classes * size)
    step: NDArray[np.float64] = np.linalg.solve(square, gradient.T.ravel()).reshape(classes, size).T
    return step


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return probabilities
