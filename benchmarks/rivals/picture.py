"""Chart of accuracy over latency, with one point for each system."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from .page import Measured

OURS = ("tab:blue", "tab:cyan", "navy")
THEIRS = ("tab:orange", "tab:gray", "tab:brown", "tab:olive")


def plot_frontier(measured: list[Measured], faces: int, path: Path) -> None:
    """Draw top-1 accuracy over the median time, for one face and for one frame, as PNG.

    Vertical bars are the accuracy's 95% interval over `faces` faces (normal approximation),
    horizontal bars the 5th to the 95th percentile of the time. Circles are fer-edge, squares
    are other packages.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 5), sharey=True, layout="constrained")
    ours, theirs = iter(OURS), iter(THEIRS)
    for item in measured:
        own = item.rival.name.startswith("fer-edge")
        color, marker = (next(ours), "o") if own else (next(theirs), "s")
        _point(left, item, item.face_ms, faces, color, marker)
        _point(right, item, item.frame_ms, faces, color, marker)
    left.set(xlabel="one face, pixels to label: median ms", title="Classifier")
    left.set_ylabel(f"top-1 on PublicTest, {faces:,} faces (%)")
    right.set(xlabel="one frame, detection included: median ms", title="Whole frame")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.margins(x=0.1, y=0.1)
        axes.grid(alpha=0.3)
    figure.suptitle("Accuracy over latency on one CPU core: up and to the left is better")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _point(
    axes: Axes, item: Measured, times_ms: NDArray[np.float64], faces: int, color: str, marker: str
) -> None:
    low, middle, high = np.percentile(times_ms, [5, 50, 95])
    half = 1.96 * np.sqrt(item.accuracy * (1 - item.accuracy) / faces)
    size_mb = item.rival.weights.stat().st_size / 1e6
    axes.errorbar(
        middle,
        100 * item.accuracy,
        yerr=100 * half,
        xerr=[[middle - low], [high - middle]],
        fmt=marker,
        color=color,
        capsize=3,
        label=f"{item.rival.name.replace('`', '')}: {item.accuracy:.1%}, {size_mb:.2f} MB",
    )
