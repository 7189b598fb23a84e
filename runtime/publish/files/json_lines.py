"""JSON lines: one object per frame, or one per change."""

import json
import sys
from pathlib import Path
from typing import IO, Literal

from fer_edge.files import cannot_write

from ...recognition.result import Result
from ..own_context import OwnContext
from ..sink import ReaderGoneError, Sink
from .line_file import LineFile
from .power_cut import LineFormat

When = Literal["frame", "change"]


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


LINES = LineFormat('{"frame": ', _is_object)


class Changes:
    """Detects the frames in which something changed.

    These are the first frame, each frame in which a face appears, leaves or changes its label, and
    each new picture of a folder.
    """

    def __init__(self) -> None:
        self._last: object = None

    def is_one(self, result: Result) -> bool:
        """Return whether this frame differs from the previous one."""
        faces = sorted((face.track or 0, face.label) for face in result.faces)
        state = (result.frame.name, faces)
        is_change = state != self._last
        self._last = state
        return is_change


class JsonLines:
    """One JSON object per line on a text stream."""

    def __init__(self, stream: IO[str], *, on: When = "frame") -> None:
        self._stream = stream
        self._changes = Changes() if on == "change" else None

    def write(self, result: Result) -> None:
        """Write a line; with `changes`, only if something changed."""
        if self._changes and not self._changes.is_one(result):
            return
        try:
            self._stream.write(json.dumps(result.to_dict()) + "\n")
            self._stream.flush()  # the reader of a pipe needs it now
        except BrokenPipeError as error:
            raise ReaderGoneError(*error.args) from error
        except OSError as error:
            raise cannot_write(Path("/dev/stdout"), error) from error

    def close(self, *, complete: bool) -> None:
        """Do nothing: the stream's owner closes it."""


class JsonLinesFile:
    """One JSON object per line in a file; see `LineFile` for `in_place`."""

    def __init__(self, path: Path, *, on: When = "frame", in_place: bool = False) -> None:
        self._changes = Changes() if on == "change" else None
        self._file = LineFile(path, LINES, in_place=in_place)

    def write(self, result: Result) -> None:
        """Write a line; with `changes`, only if something changed."""
        if self._changes is None or self._changes.is_one(result):
            self._file.write(json.dumps(result.to_dict()))

    def close(self, *, complete: bool) -> None:
        """Finish the file."""
        self._file.close(complete=complete)


def open_json_lines(place: str, context: OwnContext) -> Sink:
    """Open JSON lines in a file, or on standard output for -.

    Raises:
        OutputError: The file cannot be written.
    """
    on = context.outputs.jsonl_on
    if place == "-":
        return JsonLines(sys.stdout, on=on)
    return JsonLinesFile(Path(place), on=on, in_place=context.source.is_live)
