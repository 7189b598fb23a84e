"""The loop from the source to the sinks."""

import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from itertools import islice

from ..capture.frame import Source
from ..capture.signals import Signals
from ..recognition.result import FrameReader, Result, completed
from ..timing.wall_clock import new_run
from .service_manager import ServiceManager
from .sink import ReaderGoneError, Sink
from .unused_memory import UnusedMemory


def run_to_end(
    source: Source,
    reader: FrameReader,
    open_sinks: Iterable[Callable[[], Sink]],
    *,
    max_frames: int | None = None,
    on_frame: Callable[[int], object] = lambda count: None,
    on_reload: Callable[[], bool] = lambda: True,
    manager: ServiceManager | None = None,
) -> int:
    """Process every frame of a source and pass it to the sinks; always close all of them.

    Ctrl-C and SIGTERM end a run normally between two frames; a second signal ends the process
    immediately. A reader that stops reading (`| head`) is a normal end, too. An output that fails
    ends the run, and the others are finished. If a source fails, files that are written at the end
    are discarded, unless the source is live: then the results are kept.

    Args:
        source: Source of the frames.
        reader: Reader that recognizes faces.
        open_sinks: Functions that each open one sink. They are called when the source is open, so
            that a missing source leaves no empty outputs and every opened sink is closed.
        max_frames: Number of frames after which to stop.
        on_frame: Called with 1 after each frame, for a progress bar.
        on_reload: Called between two frames after a SIGHUP; returns whether the model is new.
        manager: Notified of the progress of the run.

    Returns:
        Number of frames processed.

    Raises:
        FerEdgeError: The source, the reader or an output failed.
        ReaderGoneError: The output has no reader; everything is closed and finished.
    """
    sinks, complete, count, run = _Sinks(), False, 0, new_run()
    manager = manager or ServiceManager({})
    with Signals() as signals, UnusedMemory() as unused:
        try:
            sinks.open(open_sinks)
            manager.reads(source)
            for frame in islice(signals.frames(source), _most(max_frames)):
                if signals.take_reload():
                    _reload(manager, on_reload)
                result = completed(reader.read_frame(frame), source, run)
                sinks.write(result)
                count += 1
                on_frame(1)
                manager.frame_read(result)
                unused.free_when_due()
            complete = True
        except KeyboardInterrupt:  # from a foreign source, or outside the main thread
            complete, sinks.writing = True, None
        except ReaderGoneError:
            complete, sinks.writing = True, None
            raise
        finally:
            manager.stopping()
            complete = complete or (count > 0 and (sinks.writing is not None or source.is_live))
            sinks.close(source, complete=complete)
    return count


def _most(max_frames: int | None) -> int | None:
    return None if max_frames is None else min(max_frames, sys.maxsize)  # the maximum of islice


def _reload(manager: ServiceManager, on_reload: Callable[[], bool]) -> None:
    manager.reloading()
    manager.reloaded(is_new=on_reload())


class _Sinks:
    """The open sinks of a run.

    Attributes:
        writing: Sink that is being written to; after an error, the one that failed.
    """

    def __init__(self) -> None:
        self.writing: Sink | None = None
        self._opened: list[Sink] = []

    def open(self, open_sinks: Iterable[Callable[[], Sink]]) -> None:
        for open_sink in open_sinks:
            self._opened.append(open_sink())

    def write(self, result: Result) -> None:
        for sink in self._opened:
            self.writing = sink
            sink.write(result)
        self.writing = None

    def close(self, source: Source, *, complete: bool) -> None:
        """Close the source and all sinks; a failure does not keep the others open."""
        with ExitStack() as closing:
            closing.callback(source.close)
            for sink in self._opened:
                closing.callback(sink.close, complete=complete and sink is not self.writing)
