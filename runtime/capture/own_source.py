"""A caller's or another package's source, with checked frames and attributes."""

import math
import operator
from collections.abc import Iterator
from dataclasses import fields
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.errors import SourceError

from .capture import USUAL_RATE_HZ
from .frame import Frame, Source
from .pixels import as_bgr

SOURCE_METHODS = ("__iter__", "close")
SOURCE_ATTRIBUTES = ("is_video", "is_live", "frame_rate_hz", "length", "dropped")

_FIELDS = tuple(field.name for field in fields(Frame))
_LATEST_UNIX_S = 253_402_300_799
"""31 December 9999, the last day that can be written."""


class CheckedSource:
    """A source whose frames and attributes have Python's types; NumPy's numbers are converted.

    Attributes that a source need not have are looked up in it as well.
    """

    def __init__(self, source: Source, title: str = "your source") -> None:
        """Wrap a source.

        Args:
            source: The source.
            title: Description in messages, such as "source 'mine' of the package my-package".

        Raises:
            SourceError: It is a class, or one of its attributes is missing or of another kind.
        """
        self._source, self._title = source, title
        if isinstance(source, type):
            raise SourceError(
                f"expected an object with {', '.join(SOURCE_METHODS)} from {title}, got the class "
                f"{source.__name__}; create one"
            )
        for name in (*SOURCE_METHODS, *SOURCE_ATTRIBUTES):
            if not hasattr(source, name):
                raise SourceError(f"{title}, a {type(source).__name__}, has no attribute '{name}'")
        self.is_video = self._flag("is_video")
        self.is_live = self._flag("is_live")
        for name in ("frame_rate_hz", "length", "dropped"):  # an error now, not in the loop
            getattr(self, name)

    @property
    def frame_rate_hz(self) -> float:
        """Frame rate of a video."""
        given: Any = self._source.frame_rate_hz  # another package may give None
        if given is None and not self.is_video:
            return 0.0
        if given == 0 and self.is_live:  # unknown, as `Capture.open` returns it
            return USUAL_RATE_HZ
        rate_hz = _finite(given)
        if rate_hz is None or rate_hz < 0 or (self.is_video and rate_hz == 0):
            expected = "a number above 0" if self.is_video else "a number from 0"
            raise self._wrong("'frame_rate_hz'", given, expected)
        return rate_hz

    @property
    def length(self) -> int | None:
        """Number of frames, if known."""
        return None if self._source.length is None else self._count("length")

    @property
    def dropped(self) -> int:
        """Number of dropped frames."""
        return self._count("dropped")

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            yield self._checked(frame)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def _checked(self, given: object) -> Frame:
        if not isinstance(given, Frame):
            raise SourceError(
                f"expected a Frame from {self._title}, got {type(given).__name__}; make one: "
                "Frame(image, index, time_s, name)"
            )
        index = _whole(given.index)
        if index is None:
            raise self._wrong("the 'index' of a frame", given.index, "a whole number from 0")
        time_s = _finite(given.time_s)
        if time_s is None:
            raise self._wrong("the 'time_s' of a frame", given.time_s, "a finite number")
        if not isinstance(given.name, str | Path):
            raise self._wrong("the 'name' of a frame", given.name, "text")
        unix_s = None if given.unix_s is None else _finite(given.unix_s)
        if given.unix_s is not None and (unix_s is None or not 0 <= unix_s <= _LATEST_UNIX_S):
            expected = f"None, or seconds from 0 to {_LATEST_UNIX_S}"
            raise self._wrong("the 'unix_s' of a frame", given.unix_s, expected)
        pixels = given.pixels
        if not hasattr(pixels, "bgr"):  # decoded frames; isinstance of a protocol is slow
            try:
                pixels = as_bgr(pixels)
            except SourceError as error:
                raise SourceError(f"frame {index} of {self._title}: {error}") from error
        checked = Frame(pixels, index, time_s, str(given.name), unix_s)
        is_same = all(getattr(given, name) is getattr(checked, name) for name in _FIELDS)
        return given if is_same else checked

    def _flag(self, name: str) -> bool:
        given = getattr(self._source, name)
        if not isinstance(given, bool | np.bool_):
            raise self._wrong(f"'{name}'", given, "True or False")
        return bool(given)

    def _count(self, name: str) -> int:
        given = getattr(self._source, name)
        count = _whole(given)
        if count is None:
            also = ", or None" if name == "length" else ""
            raise self._wrong(f"'{name}'", given, f"a whole number from 0{also}")
        return count

    def _wrong(self, what: str, given: object, expected: str) -> SourceError:
        return SourceError(f"{what} of {self._title} is {given!r:.80}, expected {expected}")


def _whole(value: Any) -> int | None:
    """Return a whole number from 0, also NumPy's, as Python's; None for anything else."""
    try:
        number = int(operator.index(value))
    except TypeError:
        return None
    return number if number >= 0 else None


def _finite(value: Any) -> float | None:
    """Return a finite number, also NumPy's, as Python's; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
