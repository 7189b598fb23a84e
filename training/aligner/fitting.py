"""Training of the aligner's network on new views in every epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.aligner.card import OUTPUTS, OutputRange
from fer_edge.chatter import without_chatter
from fer_edge.faces.preprocess import as_real, model_input

from .network import SIDE_PX, build_aligner
from .views import Offset, draw_offset, make_view

with without_chatter():
    import keras

_RATE, _WEIGHT_DECAY, _BATCH = 3e-3, 1e-3, 256
_LARGE_ERROR = 0.25
"""In output ranges: larger errors count linearly (Huber 1964): some faces were never upright."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """Squares with faces in them, and where these lie.

    Attributes:
        pixels: uint8, (n, 40, 40, 1), raw model input.
        offsets: float32, (n, 4), in units of an `OutputRange`, in the order of `OUTPUTS`.
    """

    pixels: NDArray[np.uint8]
    offsets: NDArray[np.float32]


def make_views(
    faces: NDArray[np.uint8], others: NDArray[np.uint8], random: np.random.Generator
) -> Views:
    """Make one view of each face.

    Args:
        faces: uint8, (n, side, side), gray.
        others: uint8, (m, side, side): pictures for backgrounds.
        random: Source of the offsets.
    """
    pixels, offsets = [], []
    for face in faces:
        offset = draw_offset(random)
        face = np.ascontiguousarray(face[:, ::-1]) if random.random() < 0.5 else face
        view = make_view(face, offset, others[random.integers(len(others))], random)
        pixels.append(model_input(view, SIDE_PX, SIDE_PX))
        offsets.append(_in_ranges(offset))
    return Views(np.stack(pixels), np.array(offsets, np.float32))


def _in_ranges(offset: Offset) -> list[float]:
    numbers = (offset.roll_degrees, offset.log_scale, offset.x, offset.y)
    return [n / factor for n, factor in zip(numbers, OutputRange().factors, strict=True)]


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no stubs
    """Batches of new views, the same ones for the same seed."""

    def __init__(self, faces: NDArray[np.uint8], seed: int) -> None:
        super().__init__()
        self._faces = faces
        self._random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self._faces) // _BATCH or 1

    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows = self._random.integers(len(self._faces), size=min(_BATCH, len(self._faces)))
        views = make_views(self._faces[rows], self._faces, self._random)
        return as_real(views.pixels), views.offsets


def fit_aligner(
    faces: NDArray[np.uint8],
    held_out: NDArray[np.uint8],
    *,
    epochs: int,
    seed: int = 0,
    on_epoch: Callable[[int, NDArray[np.float32]], object] = lambda number, errors: None,
) -> Any:
    """Train the network.

    Args:
        faces: uint8, (n, side, side), gray: training faces, upright and well framed on average.
        held_out: uint8, (m, side, side): other faces, only for the errors of each epoch.
        epochs: Number of epochs; in each, as many views as there are faces.
        seed: Seed of weights and views.
        on_epoch: Called after each epoch with its number, from 1, and the median absolute errors on
            views of the other faces, float32 (4,), in the units of `OUTPUTS`.

    Returns:
        The Keras network.
    """
    keras.utils.set_random_seed(seed)
    cv2.setNumThreads(1)  # a view is smaller than the cost of a thread
    network = build_aligner(len(OUTPUTS))
    batches = _Batches(faces, seed)
    rate = keras.optimizers.schedules.CosineDecay(_RATE, epochs * len(batches))
    network.compile(
        keras.optimizers.AdamW(rate, weight_decay=_WEIGHT_DECAY),
        loss=keras.losses.Huber(_LARGE_ERROR),
    )
    shown = make_views(held_out, held_out, np.random.default_rng(seed + 1))
    factors = np.array(OutputRange().factors, np.float32)

    def report(number: int, logs: object) -> None:
        found = network.predict(as_real(shown.pixels), verbose=0, batch_size=_BATCH)
        on_epoch(number + 1, np.median(abs(found - shown.offsets), axis=0) * factors)

    callback = keras.callbacks.LambdaCallback(on_epoch_end=report)
    network.fit(batches, epochs=epochs, verbose=0, callbacks=[callback])
    return network
