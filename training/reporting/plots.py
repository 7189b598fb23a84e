"""Plots of a run: curves and confusion matrix."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure  # not pyplot, which has global state
from matplotlib.ticker import MaxNLocator

from fer_edge.scoring.scores import Scores

from .history import Epoch


def plot_curves(history: Sequence[Epoch], kept: Epoch, path: Path) -> None:
    """Draw accuracy, loss and learning rate over the epochs as PNG, with the kept epoch marked."""
    numbers = [epoch.number for epoch in history]
    figure = Figure(figsize=(13, 3.8), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.plot(numbers, [100 * epoch.accuracy for epoch in history], label="training (augmented)")
    left.plot(numbers, [100 * epoch.validation_accuracy for epoch in history], label="validation")
    left.plot(kept.number, 100 * kept.validation_accuracy, "o", color="C1")
    left.set(
        title=f"accuracy (kept: {kept.validation_accuracy:.2%}, epoch {kept.number})", ylabel="%"
    )
    middle.plot(numbers, [epoch.loss for epoch in history], label="training")
    middle.plot(numbers, [epoch.validation_loss for epoch in history], label="validation")
    middle.set(title="cross-entropy", ylabel="nats")
    right.plot(numbers, [epoch.learning_rate for epoch in history])
    right.set(title="learning rate", yscale="log")
    for axes in (left, middle, right):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    left.legend()
    middle.legend()
    figure.savefig(path, dpi=110)


def plot_confusion(scores: Scores, class_names: Sequence[str], path: Path) -> None:
    """Draw the confusion matrix as PNG: shares of each true class, with counts."""
    counts = np.array(scores.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        axes.text(
            column,
            row,
            f"{shares[row, column]:.0%}\n{counts[row, column]}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[row, column] > 0.5 else "black",
        )
    ticks = range(len(class_names))
    # a name is not a formula, whatever it contains
    axes.set_xticks(ticks, class_names, rotation=40, ha="right", parse_math=False)
    axes.set_yticks(ticks, class_names, parse_math=False)
    axes.set(
        xlabel="predicted",
        ylabel="true",
        title=f"validation: accuracy {scores.accuracy:.2%}, "
        f"balanced {scores.balanced_accuracy:.2%}",
    )
    figure.colorbar(image, label="share of the true class")
    with warnings.catch_warnings():  # characters missing in matplotlib's font are drawn as boxes
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(path, dpi=110)
