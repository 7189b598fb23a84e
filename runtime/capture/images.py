"""Images from memory, as a source."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from fer_edge.errors import SourceError

from .frame import Frame
from .pillow_image import is_pillow_image
from .pixels import EXPECTED, ColorOrder, as_array, as_bgr


class Images:
    """Images from anywhere, as a source: a list, a NumPy array of frames, a generator."""

    is_live = False
    dropped = 0

    def __init__(
        self,
        images: Iterable[object],
        *,
        frame_rate_hz: float | None = None,
        name: str = "images",
        color: ColorOrder = "bgr",
    ) -> None:
        """Take the images; nothing is read from them yet.

        Args:
            images: Each as `as_bgr` takes it, at best uint8 (height, width, 3) BGR; they may differ
                in size and kind. A single image, array or Pillow's, is a list of one.
            frame_rate_hz: Of a moving picture; None for pictures that are each for themselves.
            name: Stands in `Frame.name`; a picture that is given by its path has that instead.
            color: The order of the arrays' channels.

        Raises:
            SourceError: It is nothing that holds images.
        """
        self._images = _several(images)
        self._name = name
        self._color = color
        self.is_video = frame_rate_hz is not None
        self.frame_rate_hz = frame_rate_hz or 0.0
        listed = isinstance(self._images, list | np.ndarray)
        self.length: int | None = len(self._images) if listed else None  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Frame]:
        for index, given in enumerate(self._images):
            try:
                image = as_bgr(given, color=self._color)
            except SourceError as error:
                raise SourceError(f"image {index}: {error}") from error
            time_s = index / self.frame_rate_hz if self.is_video else 0.0
            name = str(given) if isinstance(given, str | Path) else self._name
            yield Frame(image, index, time_s, name)

    def close(self) -> None:
        """Close the images, where they can be closed as a generator can."""
        close = getattr(self._images, "close", None)
        if callable(close):
            close()


def _several(images: Iterable[object]) -> Iterable[object]:
    """Return images that can be looped over; a single one would fall into its rows."""
    if is_pillow_image(images):
        return [images]
    if hasattr(images, "__array__"):
        array = as_array(images)
        is_one = array.ndim <= 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
        return [array] if is_one else array
    if isinstance(images, bytes | bytearray) or not isinstance(images, Iterable):
        raise SourceError(
            f"expected several images, got {type(images).__name__}; of each: {EXPECTED}"
        )
    return images
