"""Quantization error of each layer: the int8 file against the float32 file of the same network.

Both files run on the same pictures, with all tensors kept. The debugger of TensorFlow Lite
(`tf.lite.experimental.QuantizationDebugger`) measures a separately converted file, in which each
layer has float inputs; here the served file itself is measured, including errors of earlier layers,
whatever tool created it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import DatasetError
from fer_edge.model.graph import Operator

from ..quantization.graph_matching import Pair, before_conversions, match_operators, producers
from ..quantization.layer_names import WEIGHTED, Layer, name_layers
from ..quantization.probe import Probe
from .tensor_error import ErrorSums, WeightError, measure_error, weight_error


@dataclass(frozen=True, slots=True)
class LayerError:
    """Error of one layer's output and weights in the quantized file against the float32 file.

    Attributes:
        layer: Name of the Keras layer.
        operator: Its TFLite operator.
        dtype: Type of the output: int8, int16, float32.
        scale: Scale of the output; 0 for float and for plain integers.
        zero_point: Zero point of the output; 0 for float.
        snr_db: Signal-to-noise ratio of the output, including all earlier errors.
        channel_snr_db: The same for the median channel; layers are ranked by it, since one loud
            channel makes the plain SNR look good.
        input_snr_db: `channel_snr_db` of the layer's worst input; infinite for the picture.
        rounding_snr_db: SNR of the median channel if only this tensor were quantized.
        cosine: Cosine similarity of the output and the float output.
        saturated: Share of values at the end of the integer range with a float value beyond it, 0
            to 1.
        loud: Share of values above 1/16 of the range, 0 to 1; if it is small, the range serves only
            a few values.
        largest_error: Largest absolute error, in the tensor's unit.
        lowest_real: Smallest float value seen, or 0 if that is lower.
        highest_real: Largest float value seen, or 0 if that is higher.
        lowest_held: Smallest value on the grid; lowest_real for float.
        highest_held: Largest value on the grid; highest_real for float.
        weights: Error of the weights; None for a layer without weights.
        reach: Layers that must be kept float for this output to stay float.
    """

    layer: str
    operator: str
    dtype: str
    scale: float
    zero_point: int
    snr_db: float
    channel_snr_db: float
    input_snr_db: float
    rounding_snr_db: float
    cosine: float
    saturated: float
    loud: float
    largest_error: float
    lowest_real: float
    highest_real: float
    lowest_held: float
    highest_held: float
    weights: WeightError | None
    reach: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayerReport:
    """Report on all layers of a network.

    Attributes:
        layers: Layers in graph order; the last is the output.
        pictures: Number of pictures that both files were run on.
        same_weights: Whether the files' weights differ by rounding only. After quantization-aware
            training they differ more, and the errors include the change of the weights.
    """

    layers: tuple[LayerError, ...]
    pictures: int
    same_weights: bool

    @property
    def worst_first(self) -> tuple[LayerError, ...]:
        """The layers by the SNR of their median channel."""
        return tuple(sorted(self.layers, key=lambda layer: layer.channel_snr_db))


def layer_report(
    float_flatbuffer: bytes, int8_flatbuffer: bytes, inputs: NDArray[np.uint8]
) -> LayerReport:
    """Measure the quantization error of each layer.

    Args:
        float_flatbuffer: float32 file of the network.
        int8_flatbuffer: Quantized file of it, from any tool, also a mixed one.
        inputs: Raw model inputs, uint8 (n, height, width, 1), as they are served; 100 are enough.

    Raises:
        DatasetError: There are no pictures, or they do not match the model.
        ModelError: A file is damaged, or the files contain different networks.
    """
    if not len(inputs):
        raise DatasetError("a layer report needs at least one picture")
    floating, quantized = Probe(float_flatbuffer), Probe(int8_flatbuffer)
    pairs = match_operators(floating.graph, quantized.graph)
    sums = _run(floating, quantized, pairs, inputs)
    layers = {layer.operator.outputs[0].index: layer for layer in name_layers(floating.graph)}
    weights = [_weights(floating, quantized, pair) for pair in pairs]
    errors = []
    for (real, stored), total, weight in zip(pairs, sums.values(), weights, strict=True):
        inherited = [
            sums[tensor.index].channel_snr_db for tensor in real.inputs if tensor.index in sums
        ]
        errors.append(
            _layer_error(
                layers[real.outputs[0].index],
                quantized,
                stored,
                total,
                weight,
                input_snr_db=min(inherited, default=math.inf),
            )
        )
    return LayerReport(
        layers=tuple(errors),
        pictures=len(inputs),
        same_weights=all(weight is None or weight.is_rounding for weight in weights),
    )


def _run(
    floating: Probe, quantized: Probe, pairs: Sequence[Pair], inputs: NDArray[np.uint8]
) -> dict[int, ErrorSums]:
    """Add up the errors of each paired output over all pictures, by float tensor index."""
    sums: dict[int, ErrorSums] = {}
    for pixels in inputs:
        floating.run(pixels)
        quantized.run(pixels)
        for one, other in pairs:
            real, stored = one.outputs[0], other.outputs[0]
            error = measure_error(
                floating.stored(real), quantized.stored(stored), quantized.grid(stored)
            )
            sums[real.index] = sums[real.index] + error if real.index in sums else error
    return sums


def _weights(floating: Probe, quantized: Probe, pair: Pair) -> WeightError | None:
    real, stored = pair
    if real.name not in WEIGHTED:
        return None
    one = real.inputs[1]
    other = before_conversions(stored.inputs[1], producers(quantized.graph))
    if not (one.is_constant and other.is_constant):
        return None
    return weight_error(
        floating.weights(one),
        quantized.weights(other),
        other.scales,
        axis=len(one.shape) - 1 if real.name == "DEPTHWISE_CONV_2D" else 0,
    )


def _layer_error(
    layer: Layer,
    quantized: Probe,
    stored: Operator,
    sums: ErrorSums,
    weights: WeightError | None,
    *,
    input_snr_db: float,
) -> LayerError:
    grid = quantized.grid(stored.outputs[0])
    held = (sums.lowest_real, sums.highest_real)
    if grid is not None:
        low, high = grid.dequantize(np.array([grid.lowest, grid.highest]))
        held = (float(low), float(high))
    return LayerError(
        layer=layer.name,
        operator=layer.operator.name,
        dtype=stored.outputs[0].dtype.lower(),
        scale=grid.scale if grid else 0.0,
        zero_point=grid.zero_point if grid else 0,
        snr_db=sums.snr_db,
        channel_snr_db=sums.channel_snr_db,
        input_snr_db=input_snr_db,
        rounding_snr_db=sums.rounding_snr_db,
        cosine=sums.cosine,
        saturated=sums.saturated_share,
        loud=sums.loud_share,
        largest_error=sums.largest,
        lowest_real=sums.lowest_real,
        highest_real=sums.highest_real,
        lowest_held=held[0],
        highest_held=held[1],
        weights=weights,
        reach=layer.reach,
    )


def format_layers(report: LayerReport) -> str:
    """Format the report as a table, the worst layer first."""
    rows = [
        (
            "layer", "operator", "output", "scale", "zero", "SNR dB", "median", "alone", "cosine",
            "saturated", "largest", "weights", "scales", "ranges",
        )
    ]  # fmt: skip
    for layer in report.worst_first:
        weights = layer.weights
        rows.append(
            (
                layer.layer,
                layer.operator.lower(),
                layer.dtype,
                f"{layer.scale:.3g}" if layer.scale else "",
                str(layer.zero_point) if layer.scale else "",
                f"{layer.snr_db:.1f}",
                f"{layer.channel_snr_db:.1f}",
                f"{layer.rounding_snr_db:.1f}" if layer.scale else "",
                f"{layer.cosine:.4f}",
                f"{layer.saturated:.2%}" if layer.scale else "",
                f"{layer.largest_error:.3g}",
                f"{weights.worst_snr_db:.1f}" if weights else "",
                str(weights.scales or "float") if weights else "",
                f"{weights.range_ratio:.0f}x" if weights else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = "\n".join(
        "  ".join(
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    if report.same_weights:
        return table
    return (
        f"{table}\nThe weights differ from the float file's by more than rounding (the "
        "network was trained further, as by --qat): the errors include that change."
    )
