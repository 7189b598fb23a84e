"""Advice about layers that lose accuracy in quantization, derived from a layer report.

All advice can be applied with `to_int8_selective` or a larger calibration set;
`tests/converters/analysis/test_advice.py` applies each kind to a network with that problem.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Literal

from .layer_report import LayerError, LayerReport

POOR_SNR_DB = 20.0
"""Noise of a tenth of the signal's amplitude: about 3 bits remain."""
SATURATED_SHARE = 0.001
"""Below this share, saturated values are rare large ones that any calibration misses."""
FEW = 0.005
"""Up to this share, loud values may be clipped: the other values gain 4 bits."""

Cause = Literal["saturation", "outliers", "weights", "accumulation"]
Remedy = Literal["calibrate", "keep-float", "keep-int16", "clip", "per-channel-dense"]


@dataclass(frozen=True, slots=True)
class Advice:
    """Problem of a layer, and what to try.

    Attributes:
        layer: Name of the layer.
        cause: saturation (values beyond the calibrated range), outliers (a range so wide that most
            values share a few steps), weights (channels of very different range with one scale),
            accumulation (no single cause).
        reason: Explanation with figures.
        remedies: Remedies in the order to try: calibrate (more, or other calibration pictures),
            clip (`clip_percentile`), per-channel-dense (`per_channel_dense`), keep-float and
            keep-int16 (`keep_float`, `keep_int16` with the layers of `keep`).
        keep: Layers to keep float or int16.
        writes_output: Whether one of `keep` writes the output, which must not be uint8 then if it
            is int16.
        clip_percentile: Percentile that clips the large values; 100 if they are not few.
    """

    layer: str
    cause: Cause
    reason: str
    remedies: tuple[Remedy, ...]
    keep: tuple[str, ...]
    writes_output: bool = False
    clip_percentile: float = 100.0


def advise(report: LayerReport) -> tuple[Advice, ...]:
    """Find the layers that cause errors themselves, in the network's order.

    A layer that only passes on the error of an earlier one gets no advice: fix the first, and
    report again. Empty if the output keeps 20 dB and no layer before it loses them itself.
    """
    found: list[Advice] = []
    covered: set[str] = set()
    for layer in report.layers:
        if layer.layer in covered:  # it passes on an error that already has advice
            continue
        advice = _saturation(layer) or _outliers(layer, report) or _weights(layer, report)
        if advice is not None:
            found.append(advice)
            covered.update(layer.reach)
    if not found and report.layers[-1].channel_snr_db < POOR_SNR_DB:
        found.append(_accumulation(report.layers))
    return tuple(found)


def _saturation(layer: LayerError) -> Advice | None:
    if layer.saturated <= SATURATED_SHARE or layer.rounding_snr_db >= POOR_SNR_DB:
        return None
    return Advice(
        layer=layer.layer,
        cause="saturation",
        reason=(
            f"{layer.saturated:.1%} of its values are clipped: float ranges from "
            f"{layer.lowest_real:.3g} to {layer.highest_real:.3g}, {layer.dtype} covers "
            f"{layer.lowest_held:.3g} to {layer.highest_held:.3g}"
        ),
        remedies=("calibrate", "keep-float"),
        keep=layer.reach,
    )


def _outliers(layer: LayerError, report: LayerReport) -> Advice | None:
    if not layer.scale or layer.rounding_snr_db >= POOR_SNR_DB:
        return None
    few = layer.loud <= FEW
    return Advice(
        layer=layer.layer,
        cause="outliers",
        reason=(
            f"its range of {layer.lowest_held:.3g} to {layer.highest_held:.3g} has a step of "
            f"{layer.scale:.3g}, too coarse for the median channel: {layer.rounding_snr_db:.1f} "
            "dB" + (f"; {layer.loud:.2%} of the values are above 1/16 of it" if few else "")
        ),
        remedies=("clip", "keep-float", "keep-int16") if few else ("keep-float", "keep-int16"),
        keep=layer.reach,
        writes_output=report.layers[-1].layer in layer.reach,
        # twice the share, at least 0.1%: the calibration pictures may contain more of them than
        # these
        clip_percentile=min(99.9, floor(1e4 * (1 - 2 * layer.loud)) / 100) if few else 100.0,
    )


def _weights(layer: LayerError, report: LayerReport) -> Advice | None:
    weights = layer.weights
    if (
        weights is None
        or not report.same_weights
        or weights.worst_snr_db >= POOR_SNR_DB
        or layer.channel_snr_db >= POOR_SNR_DB
    ):
        return None
    one_scale = weights.scales == 1
    shared = " with one scale" if one_scale else ""
    mend = one_scale and layer.operator == "FULLY_CONNECTED"
    return Advice(
        layer=layer.layer,
        cause="weights",
        reason=(
            f"the ranges of its weight channels differ {weights.range_ratio:.0f}-fold{shared}; "
            f"the worst channel keeps {weights.worst_snr_db:.1f} dB"
        ),
        remedies=("per-channel-dense", "keep-float") if mend else ("keep-float",),
        keep=(layer.layer,),
    )


def _accumulation(layers: Sequence[LayerError]) -> Advice:
    """Return the layer with the largest loss against its input; the picture counts as exact."""
    best = max(layer.channel_snr_db for layer in layers)

    def loss(layer: LayerError) -> float:
        return min(layer.input_snr_db, best) - layer.channel_snr_db

    worst = max((layer for layer in layers if layer.scale), key=loss, default=layers[-1])
    return Advice(
        layer=worst.layer,
        cause="accumulation",
        reason=(
            f"no single layer fails; this one loses most, {loss(worst):.1f} dB, and ends at "
            f"{worst.channel_snr_db:.1f} dB"
        ),
        remedies=("keep-float", "calibrate"),
        keep=(worst.layer,),
    )


def format_advice(report: LayerReport) -> str:
    """Format the advice on a report as text; one line if no action is needed."""
    advice = advise(report)
    if not advice:
        worst, output = report.worst_first[0], report.layers[-1]
        if worst.channel_snr_db >= POOR_SNR_DB:
            return f"every layer keeps {POOR_SNR_DB:.0f} dB in its median channel: no action needed"
        return (
            f"{worst.layer} keeps only {worst.channel_snr_db:.1f} dB in its median channel, but "
            f"the output keeps {output.channel_snr_db:.1f} dB: no action needed"
        )
    lines = []
    for item in advice:
        lines.append(f"{item.layer}: {item.reason}; try")
        lines += [f"  {_in_words(remedy, item)}" for remedy in item.remedies]
    return "\n".join(lines)


def _in_words(remedy: Remedy, advice: Advice) -> str:
    if remedy == "calibrate":
        return "more --calibration-faces, or --calibration with faces similar to these"
    if remedy == "clip":
        return f"--clip-percentile {advice.clip_percentile:g}"
    if remedy == "per-channel-dense":
        return "--per-channel-dense"
    options = " ".join(f"--{remedy} {name}" for name in advice.keep)
    if remedy == "keep-int16":
        options += " --output-type int8" * advice.writes_output + " (slow on CPUs)"
    return options
