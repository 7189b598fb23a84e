"""An annotated GIF: short and small, for sharing.

OpenCV before 4.11 cannot write GIF, so Pillow does; it is imported at the first frame.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, OutputError
from fer_edge.files import cannot_write, leave, whole_file

from ...capture.frame import Source
from ...drawing.annotation import annotate
from ...recognition.result import Result
from ..own_context import OwnContext
from .picture_file import fitted

RATE_HZ = 10.0
"""Frames per second; GIF counts hundredths of a second, and browsers slow down delays below two."""
_PICTURE_S = 1.0
_COLORS = 255  # the 256th color of a GIF means: same as in the previous frame
_MOST_BYTES = 64 << 20
_PALETTE_FRAMES = 8
_STILL = 14
"""Changes of fewer levels (of 255) are noise: the pixel keeps its value, which compresses well. On
two clips of a talking head the file size is 0.54 and 0.65 of that with 1.
"""


class Animation:
    """An annotated GIF of the first seconds; it appears when they have passed.

    Frames are kept in memory, two bytes per pixel, at most 64 MiB: 480x480 for 10 s take 46 MB.
    """

    def __init__(
        self, path: Path, source: Source, *, seconds: float = 10.0, width_px: int = 480
    ) -> None:
        """Open the output.

        Args:
            path: Path of the file; it ends in .gif.
            source: Source of the frames; each picture of a folder takes 1 s.
            seconds: Length; later frames are ignored.
            width_px: Long side to which larger frames are shrunk.

        Raises:
            ConfigError: It does not end in .gif.
            OutputError: It cannot be written.
        """
        if path.suffix.lower() != ".gif":
            raise ConfigError(f"{path}: expected a name that ends in .gif; for a video use --video")
        self._files = ExitStack()
        self._temporary = self._files.enter_context(whole_file(path))
        self._path = path
        self._source = source
        self._seconds = seconds
        self._width_px = width_px
        self._step_s = 1 / RATE_HZ if source.is_video else _PICTURE_S
        self._size = (0, 0)
        self._start_s: float | None = None
        self._slots: list[int] = []
        self._frames: list[NDArray[np.uint8]] = []
        self._is_full = False

    def write(self, result: Result) -> None:
        """Add a frame, if one is due; write the file when its seconds have passed."""
        if self._is_full:
            return
        slot = self._slot(result)
        if slot >= self._seconds / self._step_s:
            self._save()
        elif not self._slots or slot > self._slots[-1]:
            self._add(annotate(result.frame.image, result.faces))
            self._slots.append(slot)

    def close(self, *, complete: bool) -> None:
        """Write the file, unless it is already written."""
        try:
            if complete and self._frames:
                self._save()
        finally:
            if not self._is_full:
                leave(self._files, complete=False)

    def _slot(self, result: Result) -> int:
        if not self._source.is_video:
            return len(self._slots)
        if self._start_s is None:
            self._start_s = result.frame.time_s
        since_s = result.frame.time_s - self._start_s
        return int(since_s / self._step_s + 0.01)  # rounding of the clock is not a frame interval

    def _add(self, image: NDArray[np.uint8]) -> None:
        if not self._frames:
            self._set_size(image)
        small = fitted(image, self._size)
        if self._frames:
            last = cv2.cvtColor(self._frames[-1], cv2.COLOR_BGR5652BGR)
            change = np.asarray(cv2.absdiff(small, last)).max(axis=2)
            # together with its neighbors: a single old pixel looks like dirt
            moved = cv2.dilate(change, np.ones((5, 5), np.uint8)) >= _STILL
            small = np.where(moved[..., np.newaxis], small, last).astype(np.uint8, copy=False)
        packed = cv2.cvtColor(small, cv2.COLOR_BGR2BGR565)
        self._frames.append(packed.astype(np.uint8, copy=False))

    def _set_size(self, image: NDArray[np.uint8]) -> None:
        height, width = image.shape[:2]
        scale = min(1.0, self._width_px / max(width, height))
        self._size = (max(1, round(width * scale)), max(1, round(height * scale)))
        needed = 2 * self._size[0] * self._size[1] * self._seconds / self._step_s
        if needed > _MOST_BYTES:
            raise OutputError(
                f"{self._path}: {self._seconds:g} s of {self._size[0]}x{self._size[1]} pixels "
                f"need {needed / 2**20:.0f} MiB of memory, expected at most {_MOST_BYTES >> 20}; "
                "pass a smaller --gif-width or --gif-seconds"
            )

    def _save(self) -> None:
        first, *others = self._pictures()
        ends = [*self._slots[1:], self._slots[-1] + 1]
        durations_ms = [
            round(1e3 * self._step_s * (end - start))
            for start, end in zip(self._slots, ends, strict=True)
        ]
        try:
            first.save(
                self._temporary,
                save_all=True,
                append_images=others,
                duration=durations_ms,
                loop=0,
                disposal=1,
                transparency=_COLORS,
                optimize=False,
            )
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._files.close()
        self._is_full = True
        self._frames, self._slots = [], []

    def _pictures(self) -> Iterator[Any]:
        from PIL import Image

        palette = _palette(self._frames)
        last: NDArray[np.uint8] | None = None
        for packed in self._frames:
            frame = Image.fromarray(cv2.cvtColor(packed, cv2.COLOR_BGR5652RGB))
            index = np.asarray(frame.quantize(palette=palette, dither=Image.Dither.NONE))
            # unchanged pixels are transparent: long runs of one value compress well
            shown = index if last is None else np.where(index == last, np.uint8(_COLORS), index)
            last = index
            picture = Image.frombytes("P", frame.size, shown.tobytes())
            picture.putpalette(palette.getpalette())
            yield picture


def _palette(packed: list[NDArray[np.uint8]]) -> Any:
    """Choose one palette for all frames, from some of them: one per frame would flicker."""
    from PIL import Image

    chosen = packed[:: max(1, len(packed) // _PALETTE_FRAMES)]
    sheet = np.concatenate([cv2.cvtColor(frame, cv2.COLOR_BGR5652RGB) for frame in chosen])
    return Image.fromarray(sheet).quantize(_COLORS)


def open_animation(place: str, context: OwnContext) -> Animation:
    """Open an annotated GIF; see `Animation`.

    Raises:
        ConfigError: It does not end in .gif.
        OutputError: It cannot be written.
    """
    outputs = context.outputs
    return Animation(
        Path(place), context.source, seconds=outputs.gif_seconds, width_px=outputs.gif_width_px
    )
