"""The layer report of new int8 files: tables, advice, and a PNG next to each."""

from collections.abc import Sequence

from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.preprocess import model_inputs

from .analysis.advice import advise, format_advice
from .analysis.layer_plot import plot_layers
from .analysis.layer_report import format_layers, layer_report
from .conversion import Converted
from .quantization.tflite import to_float32
from .sources.source import Source

FACES = 128
"""Number of validation faces; the errors hardly change with more."""


def write_layer_reports(source: Source, faces: FaceSet, files: Sequence[Converted]) -> str:
    """Measure every layer of int8 files against float32, also of files that failed the gate.

    Args:
        source: Source of the files.
        faces: Face set with a `validation` split.
        files: int8 files.

    Returns:
        Tables and advice.

    Raises:
        OutputError: A PNG cannot be written.
    """
    floating = to_float32(source.network)
    images = faces.part("validation").images[:FACES]
    inputs = model_inputs(images, source.height, source.width)
    blocks = []
    for file in files:
        report = layer_report(floating, file.flatbuffer, inputs)
        png = file.path.with_name(f"{file.path.stem}-layers.png")
        plot_layers(report, png, title=file.path.stem)
        advice = format_advice(advise(report))
        title = f"{file.path.stem}, layer by layer:"
        blocks.append(f"{title}\n{format_layers(report)}\n{advice}\n{png}")
    return "\n".join(blocks)
