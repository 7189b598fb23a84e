"""A window with the live picture, if OpenCV supports windows."""

import os
import sys

import cv2
import numpy as np

from fer_edge.errors import OutputError

from ..capture.frame import Source
from ..drawing.annotation import annotate
from ..recognition.result import Result
from .own_context import OwnContext
from .sink import ReaderGoneError

TITLE = "fer-edge (q closes)"
_INSTEAD = "use a browser instead: --web 127.0.0.1:8000"
_PLAIN = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
_CLOSING_KEYS = (ord("q"), 27)


class Window:
    """Shows each annotated frame; q, Escape or closing the window ends the run."""

    def __init__(self, source: Source) -> None:
        """Open the window.

        Raises:
            OutputError: OpenCV does not support windows, or there is no screen.
        """
        self._waits = not source.is_video
        # a Qt build without a screen does not raise: it aborts the process
        if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
            raise OutputError(f"--show needs a screen, but there is none; {_INSTEAD}")
        try:
            cv2.namedWindow(TITLE, _PLAIN)
        except cv2.error as error:
            raise OutputError(
                "--show needs OpenCV with windows, but the headless package is installed; "
                + _INSTEAD
            ) from error
        self._is_sized = False

    def write(self, result: Result) -> None:
        """Show one frame; a picture stays until a key is pressed.

        Raises:
            ReaderGoneError: The window was closed.
        """
        if self._is_sized and self._is_closed():  # showing a frame would open it again
            raise ReaderGoneError("the window was closed")
        image = annotate(result.frame.image, result.faces)
        cv2.imshow(TITLE, np.ascontiguousarray(image))
        if not self._is_sized:
            height, width = image.shape[:2]
            scale = min(1.0, 1280 / width, 720 / height)
            cv2.resizeWindow(TITLE, max(1, round(width * scale)), max(1, round(height * scale)))
            self._is_sized = True
        while True:
            key = cv2.waitKey(50 if self._waits else 1)
            if self._is_closed() or (key >= 0 and key & 0xFF in _CLOSING_KEYS):
                raise ReaderGoneError("the window was closed")
            if not self._waits or key >= 0:
                return

    @staticmethod
    def _is_closed() -> bool:
        try:
            return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:  # Qt raises this if no window is left
            return True

    def close(self, *, complete: bool) -> None:
        """Close the window."""
        cv2.destroyAllWindows()


def open_window(place: str, context: OwnContext) -> Window:
    """Open the window; the place is not used.

    Raises:
        OutputError: OpenCV does not support windows, or there is no screen.
    """
    return Window(context.source)
