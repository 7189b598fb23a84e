"""One image of a source, what a source is, and what it may be asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.preprocess import grey

OnLoss = Literal["exit", "wait"]
"""What a live source does when its camera or stream goes away."""


@dataclass(frozen=True, slots=True, eq=False)
class Gray:
    """A gray image, whose levels may be those of a video: black is 16, white 235.

    Attributes:
        pixels: uint8, (height, width).
        levels: uint8, (256,), what each level is from 0 to 255; None where it is that already.
    """

    pixels: NDArray[np.uint8]
    levels: NDArray[np.uint8] | None = None


class Decoded(Protocol):
    """An image in a decoder's planes; only what is asked for is made of them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width, 3) of the picture, upright, with square pixels."""
        ...

    def bgr(self) -> NDArray[np.uint8]:
        """Return it as uint8, (height, width, 3), BGR; made once."""
        ...

    def gray(self) -> Gray | None:
        """Return its brightness, where it lies, without a copy; None where no plane has it."""
        ...

    def resized(self, width: int, height: int) -> NDArray[np.uint8] | None:
        """Return it as uint8, (height, width, 3), BGR, in one pass.

        None where resizing what `bgr` gives costs less.
        """
        ...


@dataclass(frozen=True)
class Frame:
    """One image of a source; two are equal if all but their pixels is.

    Attributes:
        pixels: Its image, or what `image` is made of.
        index: Position in the source, from 0; a live source that drops frames leaves gaps, and
            counts from the first frame that somebody reads.
        time_s: Seconds from the source's start: by the video's clock, by the wall clock for a
            live source, 0 for pictures.
        name: The picture's path, or the source's name.
        unix_s: When it came from a live source, in seconds since 1970 (UTC), by this machine's
            clock; None for files, whose results are the same whenever they are read.
    """

    pixels: NDArray[np.uint8] | Decoded = field(repr=False, compare=False)
    index: int
    time_s: float
    name: str
    unix_s: float | None = None

    @property
    def image(self) -> NDArray[np.uint8]:
        """The image: uint8, (height, width, 3), BGR; of a video it is made when it is asked for."""
        return as_image(self.pixels)

    @property
    def shape(self) -> tuple[int, ...]:
        """The image's (height, width, 3)."""
        return self.pixels.shape

    @cached_property
    def gray(self) -> Gray:
        """The image in gray; of a video its brightness, where it lies."""
        stored = self._stored_gray()
        return Gray(grey(self.image)) if stored is None else stored

    @property
    def ready_gray(self) -> Gray | None:
        """`gray` where it was made already, or is stored; None where it has to be made."""
        return self.gray if "gray" in self.__dict__ else self._stored_gray()

    def _stored_gray(self) -> Gray | None:
        return None if isinstance(self.pixels, np.ndarray) else self.pixels.gray()


def as_image(pixels: NDArray[np.uint8] | Decoded) -> NDArray[np.uint8]:
    """Return pixels as uint8, (height, width, 3), BGR."""
    return pixels if isinstance(pixels, np.ndarray) else pixels.bgr()


class Source(Protocol):
    """An iterable of frames that is closed when done.

    Attributes:
        is_video: Whether the frames are one moving picture.
        is_live: Whether frames come at their own pace, and late ones are dropped.
        frame_rate_hz: Of a moving picture.
        length: Number of frames where it is known.
        dropped: Frames dropped before the one that was handed over last, since they came faster
            than they were read. Of a live source this is its index less the frames read before it.

    A live source may also have `is_lost`: whether it waits for its camera or stream to come back;
    and `pause()`, `resume()` and `is_paused`: from another thread it is told to stop reading, which
    closes its camera or stream, and to go on.
    """

    is_video: bool
    is_live: bool
    frame_rate_hz: float
    length: int | None
    dropped: int

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Free what is open, and end an iteration that waits for a frame.

        It may be called twice, and from another thread.
        """


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """What a source that is opened by its name is asked for; it heeds what it can.

    Attributes:
        size: Width and height in pixels; None takes the source's own.
        rate_hz: Frames per second; None takes the source's own.
        on_loss: What it does when its camera or stream goes away; None exits until the first frame
            and waits from then on.
        pixel_aspect: Width of a pixel over its height, in place of what the source declares.
        options: Texts by name, as --stream-option has them.
    """

    size: tuple[int, int] | None = None
    rate_hz: float | None = None
    on_loss: OnLoss | None = None
    pixel_aspect: Fraction | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
