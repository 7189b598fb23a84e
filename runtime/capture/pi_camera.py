"""The Raspberry Pi's CSI camera, by picamera2 (which OpenCV cannot open)."""

import logging
import os
from concurrent import futures
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.chatter import without_chatter
from fer_edge.errors import MissingExtraError, SourceError
from fer_edge.inference.runtime import FOR_NUMPY_1

from .frame import Source, SourceSettings
from .live import Live
from .pixels import as_bgr

_READ_S = 5.0
_DEFAULT_SIZE = (640, 480)
_DEFAULT_RATE_HZ = 30.0

_INSTALL = (
    "on Raspberry Pi OS run: sudo apt install -y python3-picamera2, and create the "
    "environment with python3 -m venv --system-site-packages, since pip does not "
    "install libcamera"
)
_ABI_WORDS = ("numpy", "multiarray", "dtype", "_array_api")
"""Common part of the errors of modules that were compiled for another NumPy."""


def advice_for(reason: str) -> str:
    """Return advice for a failed `import picamera2`.

    Args:
        reason: Type and text of the error, as in the last line of a traceback.
    """
    if reason.startswith("ModuleNotFoundError"):
        return _INSTALL
    is_numpy = any(word in reason.lower() for word in _ABI_WORDS)
    if is_numpy and np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        return (
            "the system's packages were compiled for NumPy 1, but this environment has "
            f"{np.__version__}: {FOR_NUMPY_1}"
        )
    return (
        "the system's packages do not match those that pip installed: recreate the "
        "environment, see docs/how-to/use-the-pi-camera.md"
    )


def _import_picamera2() -> Any:
    # libcamera prints each mode of the sensor on standard error
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:ERROR")
    try:
        with without_chatter():  # NumPy prints a page of text about modules for another version
            from picamera2 import Picamera2
    # modules compiled for another NumPy raise almost any exception, mostly ValueError
    except Exception as error:
        lines = str(error).strip().splitlines() or ["no reason given"]
        reason = f"{type(error).__name__}: {lines[0]}"
        raise MissingExtraError(
            f"picamera2 cannot be imported ({reason}); {advice_for(reason)}"
        ) from error
    # it logs each failure that it raises; the error already has the reason
    logging.getLogger("picamera2").setLevel(logging.CRITICAL)
    return Picamera2


def _reason(error: BaseException) -> str:
    """Return the underlying error: picamera2 wraps each failure in its own message."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip() or type(error).__name__


class PiCapture:
    """A `Capture` of the Pi's camera, in the terms of the Picamera2 manual, chapters 4 and 6."""

    name = "picamera2"

    def __init__(
        self, *, size: tuple[int, int] | None = None, rate_hz: float | None = None
    ) -> None:
        """Import picamera2, which is the slow part; `open` opens the camera.

        Args:
            size: Width and height in pixels, even; None uses 640x480.
            rate_hz: Frame rate; None uses 30.

        Raises:
            MissingExtraError: picamera2 is not installed, or does not match pip's packages.
        """
        self._class = _import_picamera2()
        self._size = size or _DEFAULT_SIZE
        self._rate_hz = rate_hz or _DEFAULT_RATE_HZ
        self._camera: Any = None

    def open(self) -> float:
        """Open, configure and start it; see `Capture`."""
        try:
            self._camera = self._class()
            duration_us = round(1e6 / self._rate_hz)
            # the format's name describes a little-endian word: in memory RGB888 is B, G, R
            configuration = self._camera.create_video_configuration(
                main={"size": self._size, "format": "RGB888"},
                controls={"FrameDurationLimits": (duration_us, duration_us)},
            )
            self._camera.configure(configuration)
            self._camera.start()
        except Exception as error:  # libcamera raises many types; IndexError: there is no camera
            raise SourceError(
                f"the Pi camera cannot be opened ({_reason(error)}); check its ribbon cable, "
                "that no other program uses it, and that rpicam-hello --list-cameras shows it"
            ) from error
        return self._rate_hz

    def read(self) -> NDArray[np.uint8]:
        """Wait for the next frame; see `Capture`."""
        job = self._camera.capture_array("main", wait=False)
        try:
            image = self._camera.wait(job, timeout=_READ_S)
        except (TimeoutError, futures.TimeoutError) as error:  # one class from Python 3.11 on
            raise SourceError(
                f"{self.name} did not deliver a frame for {_READ_S:g} s; check the ribbon cable"
            ) from error
        return as_bgr(image)

    def interrupt(self) -> None:
        """Cancel the frame that is waited for."""
        camera = self._camera
        if camera is not None:
            camera.cancel_all_and_flush()

    def close(self) -> None:
        """Stop and release the camera."""
        camera, self._camera = self._camera, None
        if camera is None:
            return
        # a pending job for a frame that never arrives would block stop()
        camera.cancel_all_and_flush()
        camera.stop()
        camera.close()


def open_pi_camera(address: str, settings: SourceSettings) -> Source:
    """Open the Pi's camera as a live source.

    Raises:
        SourceError: It is given as an address, or cannot be opened.
        MissingExtraError: picamera2 is not installed, or does not match pip's packages.
    """
    if address != PiCapture.name:
        raise SourceError(
            f"{address} is not a valid address; pass --camera {PiCapture.name} (in Python: "
            f"'{PiCapture.name}')"
        )
    settings.check_used(PiCapture.name, "size", "frame_rate_hz", "on_loss")
    capture = PiCapture(size=settings.size, rate_hz=settings.frame_rate_hz)
    return Live(capture, on_loss=settings.on_loss)
