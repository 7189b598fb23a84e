"""The trained aligner to an int8 `.tflite` file, compared with the network before it is written."""

import hashlib
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.aligner.aligner import Aligner
from fer_edge.aligner.card import AlignerCard, AlignerErrors, OutputRange
from fer_edge.aligner.file import AlignerFile, pack_aligner
from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import as_real
from fer_edge.files import whole_file
from fer_edge.model.graph import read_graph

from ..quantization.tflite import to_int8
from ..tensorflow_keras import keras

TOOLS = ("tensorflow", "keras")
_MOST_MORE = 1.1
"""An int8 file may have this many times the errors of its network, rounding included."""


def convert_aligner(
    network: Any,
    calibration: NDArray[np.uint8],
    squares: NDArray[np.uint8],
    offsets: NDArray[np.float32],
    *,
    data: str,
    out: Path,
) -> AlignerFile:
    """Convert, measure and write.

    Args:
        network: Keras network from float32 (n, height, width, 1), 0 to 1, to (n, 4).
        calibration: uint8, (n, height, width, 1), squares with training faces.
        squares: uint8, (m, height, width, 1), squares with other faces, to measure the errors.
        offsets: float32, (m, 4), where the faces lie in them, in units of `OutputRange`'s defaults.
        data: Sha256 of the face set.
        out: Path of the file.

    Raises:
        ModelError: The file's errors are larger than the network's.
        OutputError: It cannot be written.
    """
    bounded = keras.Model(network.input, keras.ops.clip(network.output, -1, 1))
    black = np.zeros_like(calibration[:1])
    # black and white fix the range of the input, so that the raw pixel is the tensor's value
    pinned = np.concatenate([black, np.full_like(black, 255), calibration])
    flatbuffer = to_int8(bounded, pinned, input_type="int8", output_type="int8")
    factors = np.array(OutputRange().factors, np.float32)
    found = bounded.predict(as_real(squares), verbose=0) * factors
    errors = _errors(found, offsets * factors)
    graph = read_graph(flatbuffer)
    _, height, width, _ = squares.shape
    card = AlignerCard(
        name=out.stem,
        height=height,
        width=width,
        output=OutputRange(),
        scheme="int8",
        parameters=graph.parameters,
        macs=graph.macs,
        sha256=hashlib.sha256(flatbuffer).hexdigest(),
        data=data,
        errors=errors,
        float_errors=errors,
        tools=tuple(f"{name} {metadata.version(name)}" for name in TOOLS),
    )
    opened = Aligner(AlignerFile(out, flatbuffer, card, len(flatbuffer)))
    card = replace(card, errors=_errors(opened.offsets(squares), offsets * factors))
    _check(card)
    content = pack_aligner(flatbuffer, card)
    with whole_file(out) as temporary:
        temporary.write_bytes(content)
    return AlignerFile(out, flatbuffer, card, len(content))


def _errors(found: NDArray[np.float32], expected: NDArray[np.float32]) -> AlignerErrors:
    roll, scale, x, y = np.median(abs(found - expected), axis=0).tolist()
    return AlignerErrors(len(found), round(roll, 2), round(scale, 4), round((x + y) / 2, 4))


def _check(card: AlignerCard) -> None:
    mine, source = card.errors, card.float_errors
    for name in ("roll_degrees", "log_scale", "shift"):
        error, most = getattr(mine, name), _MOST_MORE * getattr(source, name)
        if error > most:
            raise ModelError(
                f"{card.name} has a median {name} error of {error:g}, expected at most {most:.3g}: "
                "not written; use more calibration faces"
            )
