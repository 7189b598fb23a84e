"""Effect of keeping a layer float, measured for each layer.

In the worst layer of the report, the errors of other layers often just combine, and no figure of a
single layer shows how much of its error reaches the output. In the four-block network, most of the
output's error comes from the 8-bit weights of the first convolution (docs/lab-notes/quantizers.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.converters.analysis.layer_report import LayerReport, layer_report
from fer_edge.converters.quantization.activation_ranges import activation_ranges
from fer_edge.converters.quantization.layer_names import WEIGHTED, name_layers
from fer_edge.converters.quantization.selective import quantize_flatbuffer
from fer_edge.model.graph import read_graph


@dataclass(frozen=True, slots=True)
class Gain:
    """Effect of keeping one layer float.

    Attributes:
        layer: Name of the layer.
        snr_db: Resulting SNR of the logits, in dB.
        gain_db: Difference of this SNR from that of the file with all layers in int8, in dB.
        size_bytes: Size of the file.
    """

    layer: str
    snr_db: float
    gain_db: float
    size_bytes: int


def measure_gains(
    float_flatbuffer: bytes, calibration: NDArray[np.uint8], inputs: NDArray[np.uint8]
) -> tuple[Gain, ...]:
    """Keep each layer with weights float32, one at a time, and measure the output.

    Args:
        float_flatbuffer: The float32 file of the network.
        calibration: Model inputs, uint8 (n, height, width, 1), for the ranges.
        inputs: Model inputs for the measurement, uint8 (n, height, width, 1).

    Returns:
        The gains, with the largest one first.

    Raises:
        ModelError: The file cannot be quantized.
        MissingExtraError: ai-edge-quantizer is not installed.
    """
    ranges = activation_ranges(float_flatbuffer, calibration)
    plain = _output_snr_db(
        layer_report(float_flatbuffer, quantize_flatbuffer(float_flatbuffer, ranges), inputs)
    )
    gains = []
    for layer in name_layers(read_graph(float_flatbuffer)):
        if layer.operator.name in WEIGHTED:
            mixed = quantize_flatbuffer(float_flatbuffer, ranges, keep_float=[layer.name])
            snr_db = _output_snr_db(layer_report(float_flatbuffer, mixed, inputs))
            gains.append(Gain(layer.name, snr_db, snr_db - plain, len(mixed)))
    return tuple(sorted(gains, key=lambda gain: -gain.gain_db))


def format_gains(gains: tuple[Gain, ...]) -> str:
    """Format the gains as a table."""
    width = max([len(gain.layer) for gain in gains] + [5])
    lines = [f"{'kept':{width}}  SNR dB   gain  size MB"]
    for gain in gains:
        size_mb = gain.size_bytes / 1e6
        lines.append(
            f"{gain.layer:{width}}  {gain.snr_db:6.1f}  {gain.gain_db:+5.1f}  {size_mb:7.2f}"
        )
    return "\n".join(lines)


def _output_snr_db(report: LayerReport) -> float:
    scores = [layer for layer in report.layers if layer.operator != "SOFTMAX"]
    return scores[-1].snr_db
