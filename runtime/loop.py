"""A source's results, one after the other, as a Python loop wants them."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast

from fer_edge.bundled import DEFAULT_MODEL

from .frame import Source
from .reading.following import FILE_PACE, LIVE_PACE, Follower, open_follower
from .reading.reader import Reader, open_reader
from .result import FrameReader, Result
from .sources.images import Images
from .sources.opening import open_camera, open_source


def read_source(
    source: str | Path | int | Source | Iterable[object],
    *,
    reader: FrameReader | None = None,
    model: str | Path = DEFAULT_MODEL,
) -> Iterator[Result]:
    """Read every frame of a source, lazily: the faces of a moving picture are followed.

    What was opened here is closed when the loop ends, breaks or fails; a `Source`, a generator or
    a reader of the caller's stays open. Nothing is opened before the first result is asked for.

    Args:
        source: A picture, a folder of pictures, a pattern, a video file or a stream, as
            `open_source` takes it; a camera's number; a `Source`; or images, each as `Reader.read`
            takes it.
        reader: What reads the frames. None opens a `Follower` for a moving picture and a `Reader`
            for pictures, with `model`; yours stays open.
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
        if isinstance(source, int | str | Path):
            closing.callback(frames.close)
        if reader is None:
            reader = opened = _open_reader(frames, model)
            closing.callback(opened.close)
        for frame in frames:
            yield replace(reader.read_frame(frame), dropped=frames.dropped)


def _open(source: str | Path | int | Source | Iterable[object]) -> Source:
    if isinstance(source, int):
        return open_camera(source)
    if isinstance(source, str | Path):
        return open_source(source)
    if hasattr(source, "is_live"):
        return cast(Source, source)
    return Images(source)


def _open_reader(frames: Source, model: str | Path) -> Reader | Follower:
    if not frames.is_video:
        return open_reader(model)
    return open_follower(model, pace=LIVE_PACE if frames.is_live else FILE_PACE)
