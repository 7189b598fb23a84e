"""A source's results, one after the other, as a Python loop wants them."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fer_edge.bundled import DEFAULT_MODEL

from .frame import Source
from .images import Images
from .reading import open_reader
from .result import FrameReader, Result
from .sources import Camera, open_source


def read_source(
    source: str | Path | int | Source | Iterable[NDArray[np.uint8]],
    *,
    reader: FrameReader | None = None,
    model: str | Path = DEFAULT_MODEL,
) -> Iterator[Result]:
    """Read every frame of a source, lazily.

    What was opened here is closed when the loop ends, breaks or fails. Nothing is opened before
    the first result is asked for.

    Args:
        source: A picture, a folder of pictures or a video file; a camera's number; a `Source`; or
            images, uint8 (height, width, 3) BGR.
        reader: What reads the frames. None opens one with `model`; yours stays open.
        model: A bundled model's name, or a .tflite file with a card.

    Yields:
        One result per frame.

    Raises:
        SourceError: The source cannot be opened or read.
        ModelError: The model is broken, altered or not what it says.
        DetectorError: The detector's model file is missing or unusable.
    """
    with ExitStack() as closing:
        frames = _open(source)
        closing.callback(frames.close)
        if reader is None:
            reader = closing.enter_context(open_reader(model))
        for frame in frames:
            yield replace(reader.read_frame(frame), dropped=frames.dropped)


def _open(source: str | Path | int | Source | Iterable[NDArray[np.uint8]]) -> Source:
    if isinstance(source, int):
        return Camera(source)
    if isinstance(source, str | Path):
        return open_source(Path(source))
    if hasattr(source, "is_live"):
        return cast(Source, source)
    return Images(source)
