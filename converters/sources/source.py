"""The network to convert, from a run folder or another project (`foreign`).

Both become a `Source`: a network from a gray face in [0, 1] to probabilities, and the data for its
card.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.documents import parse_toml, read_limited
from fer_edge.errors import ModelError, TrainingError
from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.light import Light
from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.limits import TOML_BYTES
from fer_edge.model.card import INTENDED_USE, DataInfo
from fer_edge.runfolder import RECIPE, load_info
from fer_edge.schema import SchemaError

from .keras_models import load_float_network, load_qat_network
from .kind import named_path


@dataclass(frozen=True, slots=True)
class Source:
    """Networks to convert, and the data for their cards.

    Attributes:
        name: Stem of the files to write.
        network: Float network: float32 (n, height, width, 1) in [0, 1] to float32 (n, classes)
            probabilities.
        qat_network: The network after quantization-aware training (tf-keras), if any.
        labels: Classes in output order.
        height: Height of the input in pixels.
        width: Width of the input in pixels.
        architecture: Name of the architecture.
        recipe: Training recipe, as TOML.
        data: Training data, if known.
        tools: Names and versions of the training tools.
        intended_use: Intended use, for the card.
        limits: Limits, for the card; empty for those of the data.
        license: License, for the card; empty for that of the data.
        logit_offsets: Offsets added to the trained network's logits; see `logit_offsets`.
        light: Preparation of the faces for the network: "corrected" for networks of fer-edge, which
            are trained on such faces; see `fer_edge.faces.light`.
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
    license: str = ""
    logit_offsets: tuple[float, ...] = ()
    light: Light = "unchanged"


def open_run(run: Path, *, trust_code: bool = False) -> Source:
    """Read a finished run folder.

    Args:
        run: Run folder.
        trust_code: Whether to load Lambda layers; their code runs with the user's permissions.

    Raises:
        TrainingError: It is not a run folder, or its recipe cannot be read.
        ModelError: A network in it cannot be read, or contains code.
    """
    info = load_info(run)
    return Source(
        name=named_path(run).name,
        network=load_float_network(run, trust_code=trust_code),
        qat_network=load_qat_network(run, trust_code=trust_code),
        labels=info.labels,
        height=info.size_px,
        width=info.size_px,
        architecture=info.architecture,
        recipe=_recipe_text(run / RECIPE),
        data=info.data,
        tools=info.tools,
        light="corrected",
    )


def _recipe_text(path: Path) -> str:
    """Read a recipe for the card, as text, since its keys belong to the training stage."""
    try:
        data = read_limited(path, TOML_BYTES)
        parse_toml(data)
        return data.decode("utf-8")
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}; train again") from error
    except SchemaError as error:
        raise TrainingError(f"{path} is damaged: {error}; train again") from error


def float_probabilities(
    network: Any, faces: FaceSet, *, light: Light = "unchanged"
) -> NDArray[np.float32]:
    """Classify faces with a float network in Keras; returns float32 (n, classes)."""
    _, height, width, _ = network.input_shape
    inputs = as_real(model_inputs(faces.images, height, width, light=light))
    return np.asarray(network.predict(inputs, batch_size=256, verbose=0), np.float32)


def check_finite(probabilities: NDArray[np.float32], name: str) -> None:
    """Check the outputs of a float network, to which all files are compared.

    Raises:
        ModelError: A value is not finite.
    """
    faults = int((~np.isfinite(probabilities).all(axis=1)).sum())
    if faults:
        raise ModelError(
            f"{name} produces values that are not finite on {faults} of {len(probabilities)} "
            "faces, expected probabilities; look for weights that are NaN or too large"
        )
