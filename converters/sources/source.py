"""What is converted: the network of a run folder, or another project's (`foreign`).

Both become a `Source`: a network from a grey face in [0, 1] to probabilities, and all that its card
will say.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.documents import parse_toml, read_limited
from fer_edge.errors import TrainingError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.limits import TOML_BYTES
from fer_edge.model.card import INTENDED_USE, DataInfo
from fer_edge.runfolder import RECIPE, load_info
from fer_edge.schema import SchemaError

from .keras_models import load_float_network, load_qat_network


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


def open_run(run: Path, *, trust_code: bool = False) -> Source:
    """Read a finished run folder.

    Args:
        run: The folder.
        trust_code: Let Lambda layers load; their code runs with the user's rights.

    Raises:
        TrainingError: It is none, or its recipe cannot be read.
        ModelError: A network in it cannot be read, or has code in it.
    """
    info = load_info(run)
    return Source(
        name=run.name,
        network=load_float_network(run, trust_code=trust_code),
        qat_network=load_qat_network(run, trust_code=trust_code),
        labels=info.labels,
        height=info.size_px,
        width=info.size_px,
        architecture=info.architecture,
        recipe=_recipe_text(run / RECIPE),
        data=info.data,
        tools=info.tools,
    )


def _recipe_text(path: Path) -> str:
    """Read a recipe for the card: as text, since its keys are the training's."""
    try:
        data = read_limited(path, TOML_BYTES)
        parse_toml(data)
        return data.decode("utf-8")
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}; train again") from error
    except SchemaError as error:
        raise TrainingError(f"{path} is damaged: {error}; train again") from error


def float_probabilities(network: Any, faces: FaceSet) -> NDArray[np.float32]:
    """Read faces with a float network itself, in Keras; returns float32 (n, classes)."""
    _, height, width, _ = network.input_shape
    inputs = as_real(model_inputs(faces.images, height, width))
    return np.asarray(network.predict(inputs, batch_size=256, verbose=0), np.float32)
