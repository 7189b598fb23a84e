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
        share = f"{shares[row, column]:.0%}" if counts[row].any() else "-"  # a class without a face
        axes.text(
            column,
            row,
            f"{share}\n{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=9,
            color=ink_on([*image.to_rgba(shares[row, column])[:3]]),
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


def ink_on(color: Sequence[float]) -> str:
    """Return "black" or "white", whichever has more contrast on a color (sRGB, 0 to 1)."""
    black, white = contrast(color, (0, 0, 0)), contrast(color, (1, 1, 1))
    return "black" if black > white else "white"


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the contrast ratio of two colors (sRGB, 0 to 1) as WCAG 2 defines it, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Sequence[float]) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in color
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
