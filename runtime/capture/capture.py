"""The device behind a live source, and checks of a caller's or another package's."""

from numbers import Real
from typing import Any, Protocol

from numpy import uint8
from numpy.typing import NDArray

from fer_edge.errors import SourceError

from .frame import Decoded

USUAL_RATE_HZ = 30.0
"""Frame rate of a live source that does not know its own."""

_METHODS = ("open", "read", "close", "interrupt")


class CaptureFaultError(SourceError):
    """Raised when a capture fails with something else than a `FerEdgeError`."""


class Capture(Protocol):
    """The device behind a `Live` source: blocking, used by one thread, reopened after a loss.

    A capture may also have `clock_s`, the time stamp in seconds of the last frame or None, and
    `outlives_python`: whether Python may exit while one of its reads hangs.

    Attributes:
        name: Name in messages and `Frame.name`; without any password.
    """

    name: str

    def open(self) -> float:
        """Open it and return its frame rate in Hz, 0 if unknown.

        Raises:
            SourceError: It cannot be opened.
        """
        ...

    def read(self) -> NDArray[uint8] | Decoded:
        """Wait for the next frame, with a timeout: uint8, (height, width, 3), BGR.

        Raises:
            SourceError: No frame arrived within some seconds, or none will arrive.
        """
        ...

    def close(self) -> None:
        """Release it; may be called when it is not open."""
        ...

    def interrupt(self) -> None:
        """Make an `open` or `read` that hangs in the thread return soon, if possible.

        This is the only method that is called from another thread; perhaps several times.
        """


def check_capture(given: Any) -> None:
    """Reject an object that is not a `Capture`.

    Raises:
        CaptureFaultError: It is a class, or lacks something.
    """
    expected = f"expected an object with name, {', '.join(_METHODS)} for Live"
    if isinstance(given, type):
        raise CaptureFaultError(f"{expected}, got the class {given.__name__}; create one")
    if not isinstance(getattr(given, "name", None), str):
        raise CaptureFaultError(f"{expected}, got {type(given).__name__} without a name")
    for method in _METHODS:
        if not callable(getattr(given, method, None)):
            kind = type(given).__name__
            raise CaptureFaultError(f"{expected}, got {kind} without the method {method}")


def checked_rate_hz(given: object) -> float:
    """Return the frame rate that a capture's `open` returned.

    Raises:
        TypeError: It is not a number.
    """
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TypeError(f"open() returned {given!r:.80}, expected the frame rate, 0 if unknown")
    return float(given)
