"""From a Keras model to `.tflite` files with scores. Needs the extra `fer-edge[train]`.

Example:
    from fer_edge.converters import Options, convert

    for file in convert("runs/own", "faces.npz", "models", Options(variants=("int8", "float32"))):
        print(file.path, file.score.accuracy, file.fault)

The names below are loaded on first use (PEP 562): importing this package is cheap, TensorFlow is
imported by `convert`.
"""

from typing import TYPE_CHECKING

from fer_edge.lazy_names import lazy_names

if TYPE_CHECKING:
    from fer_edge.faces.faceset import FaceSet, load_faceset
    from fer_edge.faces.groups import Grouping
    from fer_edge.model.card import CardScore, Gate
    from fer_edge.scoring.scores import Agreement
    from fer_edge.scoring.temperature import TemperatureScaling

    from .analysis.layer_report import LayerError, LayerReport
    from .analysis.tensor_error import WeightError
    from .api import convert
    from .converted import Converted
    from .devices.edge_targets import EdgeTarget
    from .devices.edgetpu import EdgeTpuReport, OperatorRow, check_edgetpu
    from .options import Exceptions, Options
    from .sources.claims import Claims

_HOMES = {
    "Agreement": "fer_edge.scoring.scores",
    "CardScore": "fer_edge.model.card",
    "Claims": ".sources.claims",
    "Converted": ".converted",
    "EdgeTarget": ".devices.edge_targets",
    "EdgeTpuReport": ".devices.edgetpu",
    "Exceptions": ".options",
    "FaceSet": "fer_edge.faces.faceset",
    "Gate": "fer_edge.model.card",
    "Grouping": "fer_edge.faces.groups",
    "LayerError": ".analysis.layer_report",
    "LayerReport": ".analysis.layer_report",
    "OperatorRow": ".devices.edgetpu",
    "Options": ".options",
    "TemperatureScaling": "fer_edge.scoring.temperature",
    "WeightError": ".analysis.tensor_error",
    "check_edgetpu": ".devices.edgetpu",
    "convert": ".api",
    "load_faceset": "fer_edge.faces.faceset",
}
"""Name -> the module that defines it."""

__all__ = [
    "Agreement",
    "CardScore",
    "Claims",
    "Converted",
    "EdgeTarget",
    "EdgeTpuReport",
    "Exceptions",
    "FaceSet",
    "Gate",
    "Grouping",
    "LayerError",
    "LayerReport",
    "OperatorRow",
    "Options",
    "TemperatureScaling",
    "WeightError",
    "check_edgetpu",
    "convert",
    "load_faceset",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
