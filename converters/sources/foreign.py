"""Another project's network, wrapped so that it reads a gray face in [0, 1]."""

import logging
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.keras_files.file import first_line
from fer_edge.model.card import UNKNOWN_LICENSE, UNKNOWN_LIMITS
from fer_edge.shown import printable

from .claims import Claims
from .keras_models import keras, load_any_network
from .output_activation import SIGMOIDS, output_activation, remark, take_sigmoid_off
from .source import Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ForeignNetwork:
    """Another project's network after opening.

    Attributes:
        path: Path of the source.
        network: Keras network; sigmoids at its end are removed.
        module: Keras module that it belongs to.
        activation: Activation of the outputs in the file; `linear` for none.
        tool: Name and version of the reader.
    """

    path: Path
    network: Any
    module: Any
    activation: str
    tool: str


def open_network(path: Path, *, trust_code: bool = False) -> ForeignNetwork:
    """Open a Keras file or a SavedModel folder.

    Args:
        path: The file or folder.
        trust_code: Whether to load Lambda layers; their code runs with the user's permissions.

    Raises:
        ModelError: It cannot be read, contains code, or ends in a sigmoid that cannot be removed.
    """
    if path.is_dir():
        from .saved_model import open_saved_model

        network, activation = open_saved_model(path)
        tool = f"tensorflow {metadata.version('tensorflow')}"
        return ForeignNetwork(path, network, keras, activation, tool)
    network, module = load_any_network(path, trust_code=trust_code)
    if not isinstance(network.output_shape, tuple):
        raise ModelError(
            f"{path} has {_outputs_in_words(network.output_shape)}, expected one tensor; save the "
            "network with that output alone"
        )
    activation = output_activation(network)
    if activation in SIGMOIDS and not take_sigmoid_off(network, module):
        raise ModelError(
            f"{path} computes {activation} outputs in a separate operation, a yes or no per "
            "class; expected probabilities or logits: save the network without its last "
            "operation"
        )
    name = module.__name__
    tool = f"{name.replace('_', '-')} {metadata.version(name)}"
    return ForeignNetwork(path, network, module, activation, tool)


def open_foreign(path: Path, claims: Claims, *, trust_code: bool = False) -> Source:
    """Open another project's network as a source; see `open_network` and `foreign_source`."""
    return foreign_source(open_network(path, trust_code=trust_code), claims)


def foreign_source(foreign: ForeignNetwork, claims: Claims) -> Source:
    """Wrap another project's network, and log the changes to its outputs.

    Raises:
        ModelError: Its shapes do not match the claims.
    """
    wrapped = wrap_network(foreign, claims)
    if isinstance(wrapped.layers[-1], foreign.module.layers.Activation):
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


def wrap_network(foreign: ForeignNetwork, claims: Claims) -> Any:
    """Add fer-edge's input and output to another project's network.

    The wrapper scales to the claimed range, repeats gray if the network reads color, and adds a
    softmax if its outputs are logits: all inside the graph, so that serving programs cannot get it
    wrong.

    Args:
        foreign: Network to wrap.
        claims: The user's statements about it.

    Raises:
        ModelError: Its shapes do not match the claims, or it cannot be run.
    """
    try:
        return _wrap(foreign, claims)
    except ModelError:
        raise
    except Exception as error:  # layers raise many types of exceptions
        raise ModelError(f"{foreign.path} cannot be run: {first_line(error)}") from error


def _wrap(foreign: ForeignNetwork, claims: Claims) -> Any:
    network, module = foreign.network, foreign.module
    height, width, channels = _input_shape(network, foreign.path, claims.size_px)
    if network.output_shape != (None, len(claims.labels)):
        raise ModelError(
            f"{foreign.path} produces {network.output_shape}; expected one output of "
            f"{len(claims.labels)} classes, as in --labels ({', '.join(claims.labels)})"
        )
    layers, name = module.layers, _identifier(_stem(foreign.path))
    low, high = claims.input_range
    face = module.Input((height, width, 1), name="face")
    x = face
    if (low, high) != (0.0, 1.0):
        x = layers.Rescaling(scale=high - low, offset=low)(x)
    if channels == 3:
        x = layers.Concatenate()([x, x, x])
    x = _only_tensor(network(x), foreign.path)
    wrapped = module.Model(face, x, name=name)
    if foreign.activation not in SIGMOIDS and _gives_probabilities(wrapped):
        return wrapped
    # a Softmax layer accepts a mask, which networks in old files pass as a list that Keras 3
    # rejects
    return module.Model(face, layers.Activation("softmax", name="softmax")(x), name=name)


def _only_tensor(output: Any, path: Path) -> Any:
    """Return the output of a network that has a single one, without a list around it."""
    if isinstance(output, list | tuple) and len(output) == 1:
        return output[0]
    if isinstance(output, dict | list | tuple):
        raise ModelError(
            f"{path} has {_outputs_in_words(output)}, expected one tensor; save the network with "
            "that output alone"
        )
    return output


def _outputs_in_words(output: Any) -> str:
    if isinstance(output, dict):
        return f"named outputs ({', '.join(map(printable, output))})"
    return f"{len(output)} outputs"


def _input_shape(network: Any, path: Path, size_px: int | None) -> tuple[int, int, int]:
    shape = network.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in (1, 3):
        raise ModelError(
            f"{path} reads {shape}; expected one input (batch, height, width, 1 or 3), "
            "channels last"
        )
    height, width = shape[1] or size_px, shape[2] or size_px
    if height is None or width is None:
        raise ModelError(f"{path} accepts pictures of any size; choose one with --input-size")
    if size_px is not None and (height, width) != (size_px, size_px):
        raise ModelError(f"{path} reads {height}x{width} pictures, but --input-size is {size_px}")
    return height, width, shape[3]


def _gives_probabilities(network: Any) -> bool:
    _, height, width, _ = network.input_shape
    noise = np.random.default_rng(0).random((4, height, width, 1), np.float32)
    outputs = np.asarray(network(noise))
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1.0, atol=1e-3))


def _stem(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.stem


def _identifier(stem: str) -> str:
    """Make a name for Keras: of ASCII letters, digits and underscores, no underscore first."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in stem)
    return name if name[:1].isalnum() else f"network{name}"
