"""Images from memory, as a source."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import SourceError

from ..frame import Frame


class Images:
    """Images from anywhere, as a source: a list, a NumPy array of frames, a generator."""

    is_live = False
    dropped = 0

    def __init__(
        self,
        images: Iterable[NDArray[np.uint8]],
        *,
        frame_rate_hz: float | None = None,
        name: str = "images",
    ) -> None:
        """Take the images; nothing is read from them yet.

        Args:
            images: uint8, (height, width, 3), BGR; they may differ in size.
            frame_rate_hz: Of a moving picture; None for pictures that are each for themselves.
            name: Stands in `Frame.name`.
        """
        self._images = images
        self._name = name
        self.is_video = frame_rate_hz is not None
        self.frame_rate_hz = frame_rate_hz or 0.0
        self.length: int | None = len(images) if isinstance(images, list | np.ndarray) else None

    def __iter__(self) -> Iterator[Frame]:
        for index, image in enumerate(self._images):
            _check(image, index)
            time_s = index / self.frame_rate_hz if self.is_video else 0.0
            yield Frame(image, index, time_s, self._name)

    def close(self) -> None:
        """Close the images, where they can be closed as a generator can."""
        close = getattr(self._images, "close", None)
        if callable(close):
            close()


def _check(image: object, index: int) -> None:
    if not isinstance(image, np.ndarray):
        raise SourceError(
            f"image {index} is a {type(image).__name__}, wanted a NumPy array, uint8 "
            "(height, width, 3) BGR"
        )
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise SourceError(
            f"image {index} is {image.dtype} {image.shape}, wanted uint8 (height, width, 3) BGR; "
            "convert it with cv2.cvtColor, and 16 bits with (image >> 8).astype(np.uint8)"
        )
