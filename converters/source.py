"""What is converted: a run folder, or a Keras file that another project trained.

Both become a `Source`: a network from a grey face in [0, 1] to probabilities, and all that its card
will say.
"""

import logging
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.card import INTENDED_USE, UNKNOWN_LICENCE, UNKNOWN_LIMITS, DataInfo
from fer_edge.errors import ModelError
from fer_edge.faces import as_real, model_inputs
from fer_edge.faceset import FaceSet
from fer_edge.runfolder import RECIPE, load_info

from .keras_models import load_any_network, load_float_network, load_qat_network

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """Networks to convert, and what is known of them.

    Attributes:
        name: Stem of the files to write.
        network: The float network: float32 (n, height, width, 1) in [0, 1] to float32
            (n, classes) probabilities.
        qat_network: The same after quantization-aware training (tf-keras), if there is one.
        labels: The classes in output order.
        height: Of the input in pixels.
        width: Of the input in pixels.
        architecture: Its name.
        recipe: Of the training, as TOML.
        data: What it was trained on, if known.
        tools: Names and versions of what trained it.
        intended_use: For the card.
        limits: For the card; empty for what is known of the labels' usual data.
        licence: Likewise.
        logit_offsets: What was added to the trained network's logits; see `logit_offsets`.
    """

    name: str
    network: Any
    qat_network: Any
    labels: tuple[str, ...]
    height: int
    width: int
    architecture: str
    recipe: str = ""
    data: DataInfo | None = None
    tools: tuple[str, ...] = ()
    intended_use: str = INTENDED_USE
    limits: str = ""
    licence: str = ""
    logit_offsets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a user says of a Keras file that no run folder describes.

    Attributes:
        labels: The classes in output order.
        input_range: Real values that the network was trained to see for black and for white.
        size_px: Side of the square input, where the network leaves it open.
    """

    labels: tuple[str, ...]
    input_range: tuple[float, float]
    size_px: int | None = None


def open_run(run: Path) -> Source:
    """Read a finished run folder.

    Raises:
        TrainingError: It is none.
        ModelError: A network in it cannot be read.
    """
    info = load_info(run)
    return Source(
        name=run.name,
        network=load_float_network(run),
        qat_network=load_qat_network(run),
        labels=info.labels,
        height=info.size_px,
        width=info.size_px,
        architecture=info.architecture,
        recipe=(run / RECIPE).read_text("utf-8"),
        data=info.data,
        tools=info.tools,
    )


def open_foreign(path: Path, claims: Claims) -> Source:
    """Read another project's network and wrap it so that it reads a grey face in [0, 1].

    Raises:
        ModelError: It cannot be read, or its shapes do not fit the claims.
    """
    network, module = load_any_network(path)
    wrapped = wrap_network(network, module, path, claims)
    if isinstance(wrapped.layers[-1], module.layers.Softmax):
        log.warning("%s gives logits: a softmax is added", path.name)
    _, height, width, _ = wrapped.input_shape
    return Source(
        name=path.stem,
        network=wrapped,
        qat_network=None,
        labels=claims.labels,
        height=height,
        width=width,
        architecture=network.name,
        limits=UNKNOWN_LIMITS,
        licence=UNKNOWN_LICENCE,
        tools=(f"{module.__name__.replace('_', '-')} {metadata.version(module.__name__)}",),
    )


def wrap_network(network: Any, module: Any, path: Path, claims: Claims) -> Any:
    """Put our input and our output around another project's network.

    The wrapper scales to the claimed range, repeats grey where the network wants colour, and adds a
    softmax where its outputs are logits: all of it inside the graph, so that nothing is left for a
    serving program to get wrong.

    Args:
        network: A Keras network.
        module: The Keras that it belongs to.
        path: Where it comes from, for messages.
        claims: What its user says of it.

    Raises:
        ModelError: Its shapes do not fit the claims.
    """
    height, width, channels = _input_shape(network, path, claims.size_px)
    shape = network.output_shape
    if not isinstance(shape, tuple) or shape != (None, len(claims.labels)):
        raise ModelError(
            f"{path} gives {shape}; wanted one output of {len(claims.labels)} classes, as "
            f"--labels has ({', '.join(claims.labels)})"
        )
    layers, name = module.layers, _identifier(path.stem)
    low, high = claims.input_range
    face = module.Input((height, width, 1), name="face")
    x = face
    if (low, high) != (0.0, 1.0):
        x = layers.Rescaling(scale=high - low, offset=low)(x)
    if channels == 3:
        x = layers.Concatenate()([x, x, x])
    x = network(x)
    wrapped = module.Model(face, x, name=name)
    if _gives_probabilities(wrapped):
        return wrapped
    return module.Model(face, layers.Softmax()(x), name=name)


def float_probabilities(network: Any, faces: FaceSet) -> NDArray[np.float32]:
    """Read faces with a float network itself, in Keras; returns float32 (n, classes)."""
    _, height, width, _ = network.input_shape
    inputs = as_real(model_inputs(faces.images, height, width))
    return np.asarray(network.predict(inputs, batch_size=256, verbose=0), np.float32)


def _input_shape(network: Any, path: Path, size_px: int | None) -> tuple[int, int, int]:
    shape = network.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in (1, 3):
        raise ModelError(
            f"{path} reads {shape}; wanted one input (batch, height, width, 1 or 3), channels last"
        )
    height, width = shape[1] or size_px, shape[2] or size_px
    if height is None or width is None:
        raise ModelError(f"{path} reads pictures of any size; choose one with --input-size")
    if size_px is not None and (height, width) != (size_px, size_px):
        raise ModelError(f"{path} reads {height}x{width} pictures; --input-size says {size_px}")
    return height, width, shape[3]


def _gives_probabilities(network: Any) -> bool:
    _, height, width, _ = network.input_shape
    noise = np.random.default_rng(0).random((4, height, width, 1), np.float32)
    outputs = np.asarray(network(noise))
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1.0, atol=1e-3))


def _identifier(stem: str) -> str:
    """Keep what Keras takes in a model's name."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in stem)
