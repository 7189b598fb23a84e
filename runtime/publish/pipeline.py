"""From source to sinks, to the end."""

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
    """Read every frame of a source and hand it to the sinks; close all of them, come what may.

    Ctrl-C and SIGTERM end a run between two frames, as its normal end; a second one ends the
    process at once. A reader who has seen enough (`| head`) is a normal end, too. An output that
    fails ends the run, and the others are finished; a source that fails leaves no file that is
    written whole, unless it is live: what was seen is kept.

    Args:
        source: Where frames come from.
        reader: What reads them.
        open_sinks: Each opens one sink. They are opened here, when the source is open, so that a
            missing source leaves no empty output and every opened sink is closed.
        max_frames: Stop after so many.
        on_frame: Called with 1 after each frame, for a progress bar.
        on_reload: Called between two frames after a SIGHUP; returns whether the model is new.
        manager: Hears how the run goes.

    Returns:
        Number of frames read.

    Raises:
        FerEdgeError: The source, the reader or an output failed.
        ReaderGoneError: Nobody reads the output any more; all is closed and finished.
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
        except KeyboardInterrupt:  # from a source of another's making, or outside the main thread
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
    return None if max_frames is None else min(max_frames, sys.maxsize)  # all that islice takes


def _reload(manager: ServiceManager, on_reload: Callable[[], bool]) -> None:
    manager.reloading()
    manager.reloaded(is_new=on_reload())


class _Sinks:
    """The open sinks of a run.

    Attributes:
        writing: The one that is written to; while an error ends the run, the one that failed.
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
        """Close the source and all of them: one that fails does not keep the others open."""
        with ExitStack() as closing:
            closing.callback(source.close)
            for sink in self._opened:
                closing.callback(sink.close, complete=complete and sink is not self.writing)
