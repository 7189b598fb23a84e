"""From a Keras model to `.tflite` files beside their scores. Needs the extra `fer-edge[train]`.

Example:
    from fer_edge.converters import Options, convert

    for file in convert("runs/own", "faces.npz", "models", Options(variants=("int8", "float32"))):
        print(file.path, file.score.accuracy, file.fault)

The names below are loaded when they are first used (PEP 562): importing this package costs nothing,
TensorFlow comes with `convert`.
"""

from typing import TYPE_CHECKING

from fer_edge.lazy_names import lazy_names

if TYPE_CHECKING:
    from fer_edge.card import CardScore, Gate
    from fer_edge.faceset import FaceSet, load_faceset
    from fer_edge.scores import Agreement
    from fer_edge.temperature import TemperatureScaling

    from .api import convert
    from .foreign import Claims
    from .run import Converted, Options
    from .selective import Exceptions

_HOMES = {
    "Agreement": "fer_edge.scores",
    "CardScore": "fer_edge.card",
    "Claims": ".foreign",
    "Converted": ".run",
    "Exceptions": ".selective",
    "FaceSet": "fer_edge.faceset",
    "Gate": "fer_edge.card",
    "Options": ".run",
    "TemperatureScaling": "fer_edge.temperature",
    "convert": ".api",
    "load_faceset": "fer_edge.faceset",
}
"""Name -> the module that defines it."""

__all__ = [
    "Agreement",
    "CardScore",
    "Claims",
    "Converted",
    "Exceptions",
    "FaceSet",
    "Gate",
    "Options",
    "TemperatureScaling",
    "convert",
    "load_faceset",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
