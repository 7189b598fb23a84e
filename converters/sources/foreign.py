"""Another project's network: opened, run as its file has it, and made a source."""

import logging
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.faces.faceset import FaceSet
from fer_edge.model.card import UNKNOWN_LICENSE, UNKNOWN_LIMITS

from ..quantization.tflite import trace
from ..tensorflow_keras import keras
from .claims import Claims
from .file_outputs import file_outputs
from .keras_models import load_any_network
from .output_activation import (
    SIGMOID,
    are_shares,
    check_logits,
    output_activation,
    remark,
    take_sigmoid_off,
)
from .random_numbers import check_random
from .source import Source, check_finite, float_probabilities
from .wrapping import ForeignNetwork, check_shapes, outputs_in_words, wrap_network

log = logging.getLogger(__name__)

_TOLERANCE, _MOST_CHANGED = 0.01, 0.01
"""Largest change of a probability by rounding, and the share of faces with a larger one: softmax
magnifies the rounding of large logits."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A network as its file has it; `logits` is the same one without its last sigmoid, if any."""

    network: Any
    module: Any
    activation: str
    tool: str
    logits: Any = None


def open_network(
    path: Path, claims: Claims, faces: FaceSet, *, trust_code: bool = False
) -> ForeignNetwork:
    """Open a Keras file or a SavedModel folder, and run it on faces.

    Args:
        path: The file or folder.
        claims: The user's statements about it.
        faces: Faces, in any order of the classes; they show what the outputs are.
        trust_code: Whether to load Lambda layers; their code runs with the user's permissions.

    Raises:
        ModelError: It cannot be read or run, contains code, does not match the claims, or its
            outputs are not finite, or neither probabilities nor sigmoids nor logits.
    """
    loaded = _load_folder(path) if path.is_dir() else _load_file(path, trust_code)
    check_shapes(loaded.network, path, claims)
    outputs = file_outputs(loaded.network, claims, faces, path)
    check_finite(outputs, str(path))
    network, needs_softmax, probabilities = loaded.network, False, outputs
    if loaded.activation == SIGMOID:
        network = _without_sigmoid(loaded, path)
        logits = file_outputs(network, claims, faces, path)
        if not np.allclose(_sigmoid(logits), outputs, atol=1e-4):
            raise ModelError(
                f"{path} uses the layer that computes its sigmoid outputs in another place, too; "
                "give the outputs a separate layer, and save it again"
            )
        needs_softmax, probabilities = True, _softmax(logits)
    elif not are_shares(outputs):
        check_logits(outputs, loaded.activation, path)
        needs_softmax, probabilities = True, _softmax(outputs)
    return ForeignNetwork(
        path=path,
        network=network,
        module=loaded.module,
        activation=loaded.activation,
        needs_softmax=needs_softmax,
        probabilities=probabilities,
        tool=loaded.tool,
    )


def _load_folder(path: Path) -> _Loaded:
    from .saved_model import open_saved_model

    network, activation, logits = open_saved_model(path)
    return _Loaded(
        network, keras, activation, f"tensorflow {metadata.version('tensorflow')}", logits
    )


def _load_file(path: Path, trust_code: bool) -> _Loaded:
    network, module = load_any_network(path, trust_code=trust_code)
    if not isinstance(network.output_shape, tuple):
        raise ModelError(
            f"{path} has {outputs_in_words(network.output_shape)}, expected one tensor; save the "
            "network with that output alone"
        )
    name = module.__name__
    tool = f"{name.replace('_', '-')} {metadata.version(name)}"
    return _Loaded(network, module, output_activation(network), tool)


def _without_sigmoid(loaded: _Loaded, path: Path) -> Any:
    """Return a network that outputs the logits; a Keras network is changed in place."""
    if loaded.logits is not None:
        return loaded.logits
    if not take_sigmoid_off(loaded.network, loaded.module):
        raise ModelError(
            f"{path} computes sigmoid outputs in a separate operation, a yes or no per class; "
            "expected probabilities or logits: save the network without its last operation"
        )
    return loaded.network


def foreign_source(foreign: ForeignNetwork, claims: Claims) -> Source:
    """Wrap another project's network, and log the changes to its outputs.

    Raises:
        ModelError: Its shapes do not match the claims, or it computes with random numbers.
    """
    wrapped = wrap_network(foreign, claims)
    check_random(trace(wrapped).graph.as_graph_def(), foreign.path)
    if foreign.needs_softmax:
        log.warning("%s produces %s", foreign.path.name, remark(foreign.activation))
    _, height, width, _ = wrapped.input_shape
    return Source(
        name=_stem(foreign.path),
        network=wrapped,
        qat_network=None,
        labels=claims.labels,
        height=height,
        width=width,
        architecture=foreign.network.name,
        limits=UNKNOWN_LIMITS,
        license=UNKNOWN_LICENSE,
        tools=(foreign.tool,),
    )


def check_unchanged(foreign: ForeignNetwork, source: Source, faces: FaceSet) -> None:
    """Check that a source answers as the file did before fer-edge changed it.

    Files are compared with the source's network: a change of it by fer-edge would go unnoticed.

    Args:
        foreign: The network, opened with these faces.
        source: Source made from it.
        faces: The faces.

    Raises:
        ModelError: It answers differently.
    """
    found = float_probabilities(source.network, faces, light=source.light)
    changed = np.abs(found - foreign.probabilities).max(axis=1) > _TOLERANCE
    if changed.mean() > _MOST_CHANGED:
        raise ModelError(
            f"{foreign.path} answers differently inside fer-edge on {changed.sum()} of "
            f"{len(changed)} faces, which is a fault of fer-edge or a layer that behaves "
            "differently at each call; nothing was written"
        )


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    sigmoids: NDArray[np.float64] = 0.5 + 0.5 * np.tanh(0.5 * logits.astype(np.float64))
    return sigmoids


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _stem(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.stem
