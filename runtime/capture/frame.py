"""A frame of a source, the interface of a source, and its settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError
from fer_edge.faces.preprocess import gray
from fer_edge.ranges import check_range

from .pixel_aspect import MOST_STRETCHED

OnLoss = Literal["exit", "wait"]
"""Behavior of a live source when its camera or stream is lost."""


@dataclass(frozen=True, slots=True, eq=False)
class Gray:
    """A gray image, possibly with video levels: black is 16, white 235.

    Attributes:
        pixels: uint8, (height, width).
        levels: uint8, (256,), value from 0 to 255 of each level; None for full-range levels.
    """

    pixels: NDArray[np.uint8]
    levels: NDArray[np.uint8] | None = None


class Decoded(Protocol):
    """An image in a decoder's planes, which are converted on demand."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width, 3) of the upright picture with square pixels."""
        ...

    def bgr(self) -> NDArray[np.uint8]:
        """Return it as uint8, (height, width, 3), BGR; converted once."""
        ...

    def gray(self) -> Gray | None:
        """Return its brightness plane without a copy; None if there is no such plane."""
        ...

    def resized(self, width: int, height: int) -> NDArray[np.uint8] | None:
        """Return it as uint8, (height, width, 3), BGR, in one pass.

        None if resizing the result of `bgr` costs less.
        """
        ...


@dataclass(frozen=True)
class Frame:
    """A frame of a source; frames are compared without their pixels.

    Attributes:
        pixels: Image, or the source of `image`.
        index: Position in the source, from 0; a live source that drops frames has gaps, and starts
            at the first frame that is read.
        time_s: Seconds since the start of the source: video time, wall time for a live source, 0
            for pictures.
        name: Path of the picture, or name of the source.
        unix_s: Arrival time from a live source, in seconds since 1970 (UTC), by this machine's
            clock; None for files, so that their results are reproducible.
    """

    pixels: NDArray[np.uint8] | Decoded = field(repr=False, compare=False)
    index: int
    time_s: float
    name: str
    unix_s: float | None = None

    @property
    def image(self) -> NDArray[np.uint8]:
        """The image: uint8, (height, width, 3), BGR; for a video it is converted on first use."""
        return as_image(self.pixels)

    @property
    def shape(self) -> tuple[int, ...]:
        """The image's (height, width, 3)."""
        return self.pixels.shape

    @cached_property
    def gray(self) -> Gray:
        """The image in gray; for a video its brightness plane."""
        stored = self._stored_gray()
        return Gray(gray(self.image)) if stored is None else stored

    @property
    def ready_gray(self) -> Gray | None:
        """`gray` if it exists already or is stored; None if it must be computed."""
        return self.gray if "gray" in self.__dict__ else self._stored_gray()

    def _stored_gray(self) -> Gray | None:
        return None if isinstance(self.pixels, np.ndarray) else self.pixels.gray()


def as_image(pixels: NDArray[np.uint8] | Decoded) -> NDArray[np.uint8]:
    """Return pixels as uint8, (height, width, 3), BGR."""
    return pixels if isinstance(pixels, np.ndarray) else pixels.bgr()


class Source(Protocol):
    """An iterable of frames that is closed when done.

    A loop over fer-edge's pictures and videos starts at the first frame, also after another loop
    or a `break`; one loop at a time reads a video. A live source continues with its newest frame.

    A video of a file may also have `tick_rate_hz`: the lowest rate at which each frame has its own
    tick, also at a varying frame rate; and pictures of files `paths`: all of them.

    A live source may also have `is_lost`: whether it waits for its camera or stream to return; and
    `pause()`, `resume()` and `is_paused`, callable from other threads: pausing closes its camera or
    stream.
    """

    @property
    def is_video(self) -> bool:
        """Whether the frames form one video."""
        ...

    @property
    def is_live(self) -> bool:
        """Whether frames arrive in real time and late ones are dropped."""
        ...

    @property
    def frame_rate_hz(self) -> float:
        """Frame rate of a video."""
        ...

    @property
    def length(self) -> int | None:
        """Number of frames, if known."""
        ...

    @property
    def dropped(self) -> int:
        """Number of frames dropped before the last returned one, since they arrived too fast.

        For a live source this is its index minus the number of frames read before it.
        """
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Release resources, and end an iteration that waits for a frame.

        It may be called twice, and from another thread.
        """


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Settings for a source that is opened by name.

    Attributes:
        size: Width and height in pixels; None uses the source's.
        frame_rate_hz: Frames per second; None uses the source's.
        on_loss: Behavior when its camera or stream is lost; None exits until the first frame and
            waits afterwards.
        pixel_aspect: Width of a pixel divided by its height, overriding the source.
        options: Options by name, from --stream-option.

    Raises:
        ConfigError: A value is of another kind, or out of range.
    """

    size: tuple[int, int] | None = None
    frame_rate_hz: float | None = None
    on_loss: OnLoss | None = None
    pixel_aspect: Fraction | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        _check_size(self.size)
        check_range("frame_rate_hz", self.frame_rate_hz, 0, 1000, is_above=True, is_optional=True)
        check_on_loss(self.on_loss)
        most = MOST_STRETCHED
        check_range("pixel_aspect", self.pixel_aspect, 1 / most, most, is_optional=True)
        _check_options(self.options)

    def check_used(self, name: str, *used: str) -> None:
        """Reject the settings that a source does not use.

        Args:
            name: Name of the source, for the message.
            used: Attributes that it uses, such as "size" and "frame_rate_hz".

        Raises:
            ConfigError: Another attribute is set.
        """
        for attribute, option in _OPTIONS.items():
            if attribute not in used and getattr(self, attribute):
                raise ConfigError(
                    f"the source {name} does not use {option} (in Python: {attribute}); omit it"
                )


_OPTIONS = {
    "size": "--size",
    "frame_rate_hz": "--fps",
    "on_loss": "--on-loss",
    "pixel_aspect": "--pixel-aspect",
    "options": "--stream-option",
}
"""Attribute of `SourceSettings` -> option of the command line."""

MOST_SIDE_PX = 16384
"""Longest side that can be requested."""


def check_on_loss(given: object) -> None:
    """Reject an unknown behavior.

    Raises:
        ConfigError: It is neither "exit", "wait" nor None.
    """
    if given is not None and given not in get_args(OnLoss):
        raise ConfigError(f"'on_loss' is {given!r:.80}, expected 'exit', 'wait' or None")


def _check_size(given: Any) -> None:
    if given is None:
        return
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ConfigError(f"'size' is {given!r:.80}, expected (width, height) in pixels, or None")
    for name, side in zip(("width", "height"), given, strict=True):
        check_range(f"size: {name}", side, 1, MOST_SIDE_PX, is_whole=True)


def _check_options(given: Any) -> None:
    expected = "expected a dictionary from text to text"
    if not isinstance(given, Mapping):
        raise ConfigError(f"the options of a stream are {type(given).__name__}, {expected}")
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str):  # a value may be a password
            kind = type(value).__name__
            raise ConfigError(f"the option {name!r:.80} of a stream is {kind}, {expected}")
