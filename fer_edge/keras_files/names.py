"""The names that a network's configuration may use: Keras's own, except those that run code.

This is an allow-list: Keras looks a class up by the module and name in the file, and tf-keras
imports any module for it. So only these names ever reach a loader. The Keras packages are inspected
when a name is checked, shortly before a network is loaded.
"""

import importlib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fer_edge.chatter import without_chatter

PACKAGES = ("keras", "tf_keras", "tensorflow_model_optimization")
"""Allowed first parts of a module name."""

INITIALIZERS = ("tensorflow.python.ops.init_ops", "tensorflow.python.ops.init_ops_v2")
"""Modules of TensorFlow that tf-keras writes for some initializers of Keras."""

INTERNAL = frozenset(
    {"__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__slice__", "__ellipsis__"}
)
"""Values that Keras writes like a class."""

CODE_LAYERS = frozenset({"Lambda", "__lambda__", "__typespec__"})
"""Layers that contain Python code, or look a name up in TensorFlow."""

OUTSIDE_LAYERS = frozenset(
    {
        *("TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
        *("TensorFlowOpLayer", "StringLookup", "IntegerLookup", "TextVectorization"),
    }
)
"""Stock layers that load other files or code: a SavedModel, a pickle, a vocabulary, a graph."""

RECURRENT = frozenset(
    {
        *("RNN", "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        *("Bidirectional", "CuDNNLSTM", "CuDNNGRU"),
    }
)
"""Layers that process their input step by step."""

_SPACES = ("layers", "initializers", "regularizers", "constraints", "models")
_KERAS3_SPACES = ("dtype_policies", "quantizers", "random", "rematerialization")
_UNLISTED = ("Functional", "Model", "Policy", "CustomScaleLayer", "LayerScale")
"""In none of Keras's public modules; the last two belong to Inception-ResNet and ConvNeXt."""

_TFMOT = (
    *("QuantizeLayer", "QuantizeWrapper", "QuantizeWrapperV2", "QuantizeAnnotate"),
    *("QuantizeAwareActivation", "NoOpActivation", "NoOpQuantizeConfig", "OutputOnlyConfig"),
    *("Default8BitQuantizeConfig", "Default8BitActivationQuantizeConfig"),
    *("Default8BitConvQuantizeConfig", "Default8BitQuantizeConfigRNN"),
    *("Default8BitOutputQuantizeConfig", "Default8BitConvTransposeQuantizeConfig"),
    *("Default8BitConvWeightsQuantizer", "Default8BitConvTransposeWeightsQuantizer"),
    *("LastValueQuantizer", "MovingAverageQuantizer", "AllValuesQuantizer"),
)
_OPERATIONS = re.compile(r"keras\.src\.ops\.(?!operation)[a-z_0-9]+")
_GRAPH_FUNCTIONS = re.compile(
    r"(compat\.v1\.)?((math|nn|linalg|__operators__)\.\w+|image\.resize\w*"
    r"|add_n|cast|clip_by_\w+|concat|expand_dims|gather|identity|ones_like|pad|reshape|reverse"
    r"|shape|slice|split|squeeze|stack|tile|transpose|unstack|where(_v2)?|zeros_like)"
)


@dataclass(frozen=True, slots=True)
class StockNames:
    """The names of one Keras package.

    Attributes:
        classes: Of layers, initializers, regularizers, constraints, policies, quantizers.
        functions: Activations.
    """

    classes: frozenset[str]
    functions: frozenset[str]


def is_stock_class(name: str, module: str | None) -> bool:
    """Return whether a class is part of Keras."""
    if name in _UNLISTED or name in _TFMOT or _is_operation(name, module):
        return True
    # TensorFlow 2.0 to 2.3 wrote BatchNormalizationV2, LSTMV2 and the like
    plain = name.removesuffix("V1").removesuffix("V2")
    return any(name in stock.classes or plain in stock.classes for stock in _stocks())


def is_stock_function(name: object) -> bool:
    """Return whether a name is an activation of Keras; some are written like layers."""
    return isinstance(name, str) and any(
        name in stock.functions or name in stock.classes for stock in _stocks()
    )


def is_graph_function(name: object) -> bool:
    """Return whether a function of TensorFlow only computes.

    A functional network of Keras 2 refers to functions of TensorFlow by name (`TFOpLambda`), and
    `io.write_file` is one of them.
    """
    return isinstance(name, str) and _GRAPH_FUNCTIONS.fullmatch(name) is not None


def _stocks() -> Iterator[StockNames]:
    """Yield the names of Keras 3, then those of tf-keras that are not among them."""
    for package in ("keras", "tf_keras"):
        if importlib.util.find_spec(package) is not None:
            yield _stock(package)


@cache
def _stock(package: str) -> StockNames:
    with without_chatter():
        module: Any = importlib.import_module(package)
    classes: set[str] = set()
    for space in (*_SPACES, *(_KERAS3_SPACES if package == "keras" else ())):
        found = vars(getattr(module, space, object))
        classes |= {name for name, value in found.items() if isinstance(value, type)}
    functions = {
        name
        for name, value in vars(module.activations).items()
        if callable(value) and not name.startswith("_")
    }
    return StockNames(
        frozenset(classes - CODE_LAYERS - OUTSIDE_LAYERS),
        frozenset(functions - {"get", "serialize", "deserialize"} | {"linear"}),
    )


def _is_operation(name: str, module: str | None) -> bool:
    """Search the operations: Keras 3 writes `keras.ops` calls with internal modules."""
    if module is None or not _OPERATIONS.fullmatch(module):
        return False
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return False
    operation: Any = importlib.import_module("keras").Operation
    return isinstance(found, type) and issubclass(found, operation)
