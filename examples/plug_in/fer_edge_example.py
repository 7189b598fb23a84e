"""One part of each kind: a detector, a source, a sink, an architecture, an Edge target."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge import (
    Box,
    Detection,
    DetectorSettings,
    Frame,
    OutputError,
    Result,
    SinkContext,
    SourceError,
    SourceSettings,
)


def open_middle(settings: DetectorSettings) -> Callable[[NDArray[np.uint8]], list[Detection]]:
    """Open a detector for people who sit still: the middle of the picture is the face."""

    def detect(image: NDArray[np.uint8]) -> list[Detection]:
        height, width = image.shape[:2]
        box = Box(width / 4, height / 4, width * 3 / 4, height * 3 / 4)
        return [Detection(box, score=1.0)]

    return detect


class Stripes:
    """A source of striped pictures: stripes://N yields N of them."""

    is_video = True
    is_live = False
    dropped = 0

    def __init__(self, address: str, settings: SourceSettings) -> None:
        settings.check_used("stripes", "size", "frame_rate_hz")
        count = address.partition("://")[2] or "10"
        if not count.isdecimal():
            raise SourceError(f"expected stripes://NUMBER, got {address}")
        self.length: int | None = int(count)
        self.frame_rate_hz = settings.frame_rate_hz or 25.0
        self._size = settings.size or (160, 120)

    def __iter__(self) -> Iterator[Frame]:
        width, height = self._size
        for index in range(self.length or 0):
            image = np.zeros((height, width, 3), np.uint8)
            image[:, index % 8 :: 8] = 200
            yield Frame(image, index, index / self.frame_rate_hz, "stripes")

    def close(self) -> None:
        """Do nothing: nothing is open."""


class Tally:
    """A sink that counts labels and writes the counts as JSON at the end of the run."""

    def __init__(self, place: str, context: SinkContext) -> None:
        if not place:
            raise OutputError("expected --sink tally=FILE.json, got no file")
        self._path = Path(place)
        self._model = context.model
        self._counts = Counter({label: 0 for label in context.labels})

    def write(self, result: Result) -> None:
        """Count the labels of a frame."""
        self._counts.update(face.label for face in result)

    def close(self, *, complete: bool) -> None:
        """Write the file if the run succeeded."""
        if complete:
            self._path.write_text(json.dumps({"model": self._model, "labels": self._counts}))


@dataclass(frozen=True)
class OneLayer:
    """An architecture: its fields are keys of a recipe's [network] table."""

    units: int = 16

    def build(self, keras: Any, *, size_px: int, classes: int) -> Any:
        """Return a model: float32 (batch, size_px, size_px, 1) in [0, 1] to probabilities."""
        layers = keras.layers
        image = layers.Input((size_px, size_px, 1), name="image")
        x = layers.Conv2D(self.units, 3, strides=2, activation="relu", name="conv")(image)
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(classes, name="logits")(x)
        return keras.Model(image, layers.Activation("softmax", name="probabilities")(x))


class Sha256:
    """An Edge target that writes a digest next to each int8 file."""

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Return the paths of the files that `write` makes."""
        return (path.with_suffix(".sha256"),)

    def write(self, path: Path) -> str:
        """Write the digest and return a message."""
        (made,) = self.companions(path)
        made.write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
        return f"digest: {made}"
