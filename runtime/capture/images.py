"""Images from memory, as a source."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from fer_edge.errors import SourceError
from fer_edge.ranges import check_range

from .frame import Frame
from .pillow_image import is_pillow_image
from .pixels import EXPECTED, ColorOrder, as_array, as_bgr


class Images:
    """Images from memory as a source: a list, a NumPy array of frames, a generator."""

    is_live = False
    dropped = 0

    def __init__(
        self,
        images: Iterable[object],
        *,
        frame_rate_hz: float | None = None,
        color: ColorOrder = "bgr",
    ) -> None:
        """Store the images; nothing is read from them yet.

        Args:
            images: Images in a form that `as_bgr` accepts, preferably uint8 (height, width, 3) BGR;
                size and type may vary. A single image, an array or Pillow's, is a list of one.
            frame_rate_hz: Frame rate of a video; None for independent pictures.
            color: Channel order of the arrays.

        Raises:
            SourceError: It does not contain images.
            ConfigError: The frame rate is out of range.
        """
        check_range("frame_rate_hz", frame_rate_hz, 0, 1000, is_above=True, is_optional=True)
        self._images = _several(images)
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
            name = str(given) if isinstance(given, str | Path) else "images"
            yield Frame(image, index, time_s, name)

    def close(self) -> None:
        """Close the images, if they can be closed, like a generator."""
        close = getattr(self._images, "close", None)
        if callable(close):
            close()


def _several(images: Iterable[object]) -> Iterable[object]:
    """Return iterable images; a single image would be split into its rows."""
    if is_pillow_image(images):
        return [images]
    if hasattr(images, "__array__"):
        array = as_array(images)
        is_one = array.ndim <= 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
        return [array] if is_one else array
    if isinstance(images, bytes | bytearray) or not isinstance(images, Iterable):
        raise SourceError(
            f"expected several images, got {type(images).__name__}; for each: {EXPECTED}"
        )
    return images
