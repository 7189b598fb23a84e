"""Layer reports of new int8 files, with a PNG next to each."""

import logging
from collections.abc import Mapping
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.preprocess import model_inputs

from .analysis.layer_report import LayerReport, layer_report
from .quantization.tflite import to_float32
from .sources.source import Source

log = logging.getLogger(__name__)

FACES = 128
"""Number of validation faces; the errors hardly change with more."""


def measure_layers(
    source: Source, validation: FaceSet, files: Mapping[Path, bytes]
) -> dict[Path, LayerReport]:
    """Measure every layer of int8 files against float32, and plot it.

    Args:
        source: Source of the files.
        validation: Faces to measure with; the first ones are used.
        files: Flatbuffer by path of its file, which need not exist.

    Raises:
        OutputError: A PNG cannot be written.
    """
    from .analysis.layer_plot import plot_layers  # imports matplotlib

    floating = to_float32(source.network)
    inputs = model_inputs(
        validation.images[:FACES], source.height, source.width, light=source.light
    )
    reports = {}
    for path, flatbuffer in files.items():
        try:
            reports[path] = layer_report(floating, flatbuffer, inputs)
        except ModelError as error:  # the file itself is sound
            log.warning("%s has no layer report: %s", path.name, error)
            plot_of(path).unlink(missing_ok=True)  # of an earlier file
            continue
        plot_layers(reports[path], plot_of(path), title=path.stem)
    return reports


def plot_of(path: Path) -> Path:
    """Return the path of the plot of a file's layer report."""
    return path.with_name(f"{path.stem}-layers.png")
