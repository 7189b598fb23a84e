"""fer-edge's input and output around another project's network."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, ModelError
from fer_edge.keras_files.file import first_line
from fer_edge.shown import printable

from .claims import Claims


@dataclass(frozen=True, slots=True)
class ForeignNetwork:
    """Another project's network after opening.

    Attributes:
        path: Path of the source.
        network: Keras network; a sigmoid at its end is removed.
        module: Keras module that it belongs to.
        activation: Activation of the outputs in the file; `linear` for none.
        needs_softmax: Whether the outputs of `network` are logits.
        probabilities: float32 (n, classes), the answers of the file on the faces that it was opened
            with, before any change.
        tool: Name and version of the reader.
    """

    path: Path
    network: Any
    module: Any
    activation: str
    needs_softmax: bool
    probabilities: NDArray[np.float32]
    tool: str


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


def check_shapes(network: Any, path: Path, claims: Claims) -> None:
    """Compare the shapes of a network with the claims.

    Raises:
        ModelError: It does not read one picture, or does not produce one value per class.
        ConfigError: It reads another size, or has another number of classes.
    """
    input_shape(network, path, claims.size_px)
    if network.output_shape == (None, len(claims.labels)):
        return
    batch = network.output_shape[0]
    if batch is not None and network.output_shape[1:] == (len(claims.labels),):
        raise ModelError(
            f"{path} has a fixed batch of {batch}; build it with an open batch, load the weights "
            "into it and save it again"
        )
    is_list = isinstance(network.output_shape, tuple) and len(network.output_shape) == 2
    raise (ConfigError if is_list else ModelError)(
        f"{path} produces {network.output_shape}; expected one output of "
        f"{len(claims.labels)} classes, as in --labels ({', '.join(claims.labels)})"
    )


def input_shape(network: Any, path: Path, size_px: int | None) -> tuple[int, int, int]:
    """Return the input of a network: height, width, channels.

    Args:
        network: The network.
        path: Its path, for messages.
        size_px: Side of the square input, if the network does not fix it.

    Raises:
        ModelError: It does not read one picture.
        ConfigError: It does not read one of this size.
    """
    shape = network.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in (1, 3):
        raise ModelError(
            f"{path} reads {shape}; expected one input (batch, height, width, 1 or 3), "
            "channels last"
        )
    height, width = shape[1] or size_px, shape[2] or size_px
    if height is None or width is None:
        raise ConfigError(f"{path} accepts pictures of any size; choose one with --input-size")
    if size_px is not None and (height, width) != (size_px, size_px):
        raise ConfigError(f"{path} reads {height}x{width} pictures, but --input-size is {size_px}")
    return height, width, shape[3]


def outputs_in_words(output: Any) -> str:
    """Describe the outputs of a network that has several, or named ones."""
    if isinstance(output, dict):
        return f"named outputs ({', '.join(map(printable, output))})"
    return f"{len(output)} outputs"


def only_tensor(output: Any, path: Path) -> Any:
    """Return the output of a network that has a single one, without a list around it.

    Raises:
        ModelError: It has several outputs, or named ones.
    """
    if isinstance(output, list | tuple) and len(output) == 1:
        return output[0]
    if isinstance(output, dict | list | tuple):
        raise ModelError(
            f"{path} has {outputs_in_words(output)}, expected one tensor; save the network with "
            "that output alone"
        )
    return output


def _wrap(foreign: ForeignNetwork, claims: Claims) -> Any:
    network, module = foreign.network, foreign.module
    check_shapes(network, foreign.path, claims)
    height, width, channels = input_shape(network, foreign.path, claims.size_px)
    layers = module.layers
    low, high = claims.input_range
    x = face = module.Input((height, width, 1), name=_free("face", network))
    if (low, high) != (0.0, 1.0):
        scaled = layers.Rescaling(high - low, offset=low, name=_free("rescaling", network))
        x = scaled(x)
    if channels == 3:
        x = layers.Concatenate(name=_free("concatenate", network))([x, x, x])
    x = only_tensor(network(x), foreign.path)
    if foreign.needs_softmax:
        # a Softmax layer accepts a mask, which networks in old files pass as a list that Keras 3
        # rejects
        x = layers.Activation("softmax", name=_free("softmax", network))(x)
    return module.Model(face, x, name=_identifier(foreign.path))


def _free(name: str, network: Any) -> str:
    """Return a name for a layer next to the network, which is a layer, too."""
    return f"{name}_of_wrapper" if network.name == name else name


def _identifier(path: Path) -> str:
    """Make a name for Keras: of ASCII letters, digits and underscores, no underscore first."""
    stem = path.resolve().name if path.is_dir() else path.stem
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in stem)
    return name if name[:1].isalnum() else f"network{name}"
