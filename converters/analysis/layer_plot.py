"""Plot of a layer report."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from fer_edge.files import whole_file

from .layer_report import LayerReport

LONGEST_NAME = 34


def plot_layers(report: LayerReport, path: Path, *, title: str = "") -> None:
    """Draw SNR and share of saturated values of each layer as PNG, in the network's order.

    Args:
        report: Report from `layer_report`.
        path: Path of the PNG.
        title: Title of the plot, such as the name of the file.

    Raises:
        OutputError: The file cannot be written.
    """
    layers = report.layers
    rows = np.arange(len(layers))
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 1.6 + 0.34 * len(layers)), width_ratios=(3, 1), sharey=True,
        layout="constrained",
    )  # fmt: skip
    finite = [e.channel_snr_db for e in layers if np.isfinite(e.channel_snr_db)]
    finite += [e.snr_db for e in layers if np.isfinite(e.snr_db)]
    # a layer without error is drawn as high as the best one, one without signal at 0
    floor, ceiling = min([*finite, 0.0]), max([*finite, 10.0])
    median = np.clip([e.channel_snr_db for e in layers], floor, ceiling)
    whole = np.clip([e.snr_db for e in layers], floor, ceiling)
    colors = ["C3" if value < 10 else "C1" if value < 20 else "C0" for value in median]
    left.barh(rows, median, color=colors, height=0.7)
    left.plot(whole, rows, "|", color="black", markersize=11, label="SNR of the whole tensor")
    for row, (value, tick, error) in enumerate(zip(median, whole, layers, strict=True)):
        # after the bar, or after the tick mark if the text would overlap it
        place = max(value, tick) if -0.02 < (tick - value) / ceiling < 0.07 else value
        exact = f"{error.channel_snr_db:.1f}" if np.isfinite(error.channel_snr_db) else "no error"
        left.text(
            max(place, 0) + 0.012 * ceiling,
            row,
            exact if error.channel_snr_db > -np.inf else "no signal",
            va="center",
            fontsize=8,
            color="black" if value >= 10 else "C3",
        )
    left.set_yticks(rows, [_label(e.layer, e.operator, e.dtype) for e in layers], fontsize=8)
    left.invert_yaxis()
    left.set_xlim(min(0.0, *median), 1.12 * max(ceiling, *whole))
    left.set_xlabel("SNR of the median channel, dB (red < 10, orange < 20)")
    left.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)
    saturated = [100 * e.saturated for e in layers]
    right.barh(rows, saturated, color="C4", height=0.7)
    for row, value in enumerate(saturated):
        right.text(value, row, f" {value:.2f}", va="center", fontsize=8)
    right.set_xlim(0, max(1.0, 1.2 * max(saturated)))
    right.set_xlabel("saturated values, %")
    for axes in (left, right):
        axes.grid(axis="x", alpha=0.3)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    pictures = f"{report.pictures} pictures, input at the top"
    figure.suptitle(f"{title}  ({pictures})" if title else pictures, fontsize=10)
    try:
        with whole_file(path) as temporary:
            figure.savefig(temporary, dpi=110)
    finally:
        plt.close(figure)


def _label(layer: str, operator: str, dtype: str) -> str:
    short = layer if len(layer) <= LONGEST_NAME else f"{layer[: LONGEST_NAME - 1]}…"
    return f"{short}  {operator.lower()} {dtype}"
