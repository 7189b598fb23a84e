"""Summary at the end of a run: time per expression, frames, rates and latencies."""

import json
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from fer_edge.files import leave, whole_file

from ..capture.frame import Source
from ..recognition.result import Result
from ..timing.frame_seconds import FrameSeconds
from ..timing.latency_histogram import LatencyHistogram
from ..timing.stopwatch import STAGES
from .own_context import OwnContext

MOST_TRACKS = 100
"""Number of most recent faces with details; totals include all faces."""
_SHOWN_TRACKS = 10


@dataclass(slots=True)
class Appearance:
    """One track: when it was visible, and the time with each label.

    Attributes:
        track: Number of the track.
        first_s, last_s: Time of its first and last frame, by the source's clock.
        seconds: Label -> seconds.
    """

    track: int
    first_s: float
    last_s: float
    seconds: dict[str, float] = field(default_factory=dict)


class Totals:
    """Adds up results in bounded memory."""

    def __init__(self, source: Source) -> None:
        self._is_video = source.is_video
        self._seconds = FrameSeconds.of(source)
        self._shown: tuple[tuple[str, int | None], ...] = ()
        self._started = self._ended = time.monotonic()
        self._evicted = 0
        self.frames = 0
        self.dropped = 0
        self.faces = 0
        self.tracks = 0
        self.labels: dict[str, float] = {}
        self.appearances: OrderedDict[int, Appearance] = OrderedDict()
        self.latencies = {stage: LatencyHistogram() for stage in (*STAGES, "total")}

    def add(self, result: Result) -> None:
        """Add one frame."""
        self._ended = time.monotonic()
        self.frames += 1
        self.dropped = result.dropped
        self.faces += len(result.faces)
        for stage, histogram in self.latencies.items():
            latency_ms = getattr(result.times, f"{stage}_ms")
            if latency_ms:  # a stage that did not run has no sample
                histogram.add(latency_ms)
        now_s = result.frame.time_s
        self._add_share(self._seconds.next(now_s) if self._is_video else 1.0)
        for face in result.faces:
            if face.track is not None:
                self._add_to_track(face.track, now_s)
        self._shown = tuple((face.label, face.track) for face in result.faces)

    def finish(self) -> None:
        """Count the last frame: the time of each frame is known when the next one arrives."""
        self._add_share(self._seconds.last() if self._is_video else 1.0)
        self._shown = ()

    @property
    def unit(self) -> str:
        """Unit of `labels` and `Appearance.seconds`: pictures have no duration."""
        return "seconds" if self._is_video else "faces"

    @property
    def wall_s(self) -> float:
        """Wall time from the start to the last frame."""
        return self._ended - self._started

    @property
    def frame_rate_hz(self) -> float:
        """Frames processed per second of wall time."""
        return self.frames / self.wall_s if self.wall_s > 0 else 0.0

    def _add_share(self, share: float) -> None:
        """Add the share of the previous frame to the labels of its faces."""
        for label, track in self._shown:
            self.labels[label] = self.labels.get(label, 0.0) + share
            seen = None if track is None else self.appearances.get(track)
            if seen is not None:
                seen.seconds[label] = seen.seconds.get(label, 0.0) + share

    def _add_to_track(self, track: int, now_s: float) -> None:
        seen = self.appearances.get(track)
        if seen is None:
            # a face that returns after its details were dropped is already counted
            self.tracks += track > self._evicted
            seen = self.appearances[track] = Appearance(track, now_s, now_s)
            if len(self.appearances) > MOST_TRACKS:
                dropped, _ = self.appearances.popitem(last=False)
                self._evicted = max(self._evicted, dropped)
        self.appearances.move_to_end(track)
        seen.last_s = now_s


def as_plain(totals: Totals, comparison: str | None = None) -> dict[str, Any]:
    """Return totals as plain data for JSON; percentiles are accurate to 0.5%."""
    return {
        "frames": totals.frames,
        "dropped": totals.dropped,
        "wall_s": round(totals.wall_s, 3),
        "frame_rate_hz": round(totals.frame_rate_hz, 2),
        "faces": totals.faces,
        f"{totals.unit}_per_label": _rounded(totals.labels),
        "tracks": totals.tracks,
        "last_tracks": [
            {
                "track": seen.track,
                "first_s": round(seen.first_s, 3),
                "last_s": round(seen.last_s, 3),
                f"{totals.unit}_per_label": _rounded(seen.seconds),
            }
            for seen in totals.appearances.values()
        ],
        "latency_ms": {
            stage: {
                "frames": histogram.count,
                **{f"p{p}": round(histogram.percentile_ms(p), 3) for p in (50, 95, 99)},
                "max": round(histogram.max_ms, 3),
            }
            for stage, histogram in totals.latencies.items()
            if histogram.count
        },
        **({"comparison": comparison} if comparison else {}),
    }


def as_text(totals: Totals, comparison: str | None = None) -> str:
    """Format totals as a few lines of text."""
    lines = [
        f"{totals.frames} frames in {totals.wall_s:.1f} s ({totals.frame_rate_hz:.1f} per second), "
        f"{totals.dropped} dropped; {totals.faces} faces recognized"
        + (f", {totals.tracks} track{'s' * (totals.tracks > 1)}" if totals.tracks else "")
    ]
    if totals.labels:
        lines.append(f"  {totals.unit}: {_shares(totals.labels)}")
    shown = list(totals.appearances.values())[-_SHOWN_TRACKS:]
    if len(shown) < totals.tracks:
        lines.append(f"  the last {len(shown)} faces of {totals.tracks}:")
    for seen in sorted(shown, key=lambda seen: seen.track):
        lines.append(
            f"  face {seen.track}, {seen.first_s:.1f} to {seen.last_s:.1f} s: "
            f"{_shares(seen.seconds)}"
        )
    if totals.latencies["total"].count:
        lines.append(f"  {'latency in ms':14}{'median':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    for stage, latency in totals.latencies.items():
        if latency.count:
            figures = [latency.percentile_ms(percent) for percent in (50, 95, 99)]
            columns = "".join(f"{ms:8.2f}" for ms in (*figures, latency.max_ms))
            lines.append(f"  {stage:14}{columns}")
    if comparison:
        lines.append(comparison)
    return "\n".join(lines) + "\n"


class Summary:
    """Writes the totals when the run ends: text to a stream, or JSON to a file."""

    def __init__(
        self,
        source: Source,
        to: IO[str] | Path,
        *,
        comparison: Callable[[], str | None] = lambda: None,
    ) -> None:
        """Start counting.

        Args:
            source: Source of the frames.
            to: Stream for text, or path of a file for JSON.
            comparison: Called at the end for a text about the second model, if any.

        Raises:
            OutputError: The file cannot be written.
        """
        self._totals = Totals(source)
        self._to = to
        self._files = ExitStack()
        # opened now, so that an error is not found after a month
        if isinstance(to, Path):
            self._temporary = self._files.enter_context(whole_file(to))
        self._comparison = comparison

    def write(self, result: Result) -> None:
        """Add one frame."""
        self._totals.add(result)

    def close(self, *, complete: bool) -> None:
        """Write the summary, unless the run failed: then the error matters more."""
        if not complete:
            leave(self._files, complete=False)
            return
        self._totals.finish()
        comparison = self._comparison()
        if isinstance(self._to, Path):
            text = json.dumps(as_plain(self._totals, comparison), indent=2)
            with self._files:
                self._temporary.write_text(text + "\n", "utf-8")
        else:
            over_bar = "\r\x1b[K" if self._to.isatty() else ""
            self._to.write(over_bar + as_text(self._totals, comparison))
            self._to.flush()


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    order = sorted(shares.items(), key=lambda item: item[1], reverse=True)
    return {label: round(share, 3) for label, share in order}


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{label} {share:.1f}" for label, share in _rounded(shares).items())


def open_summary(place: str, context: OwnContext) -> Summary:
    """Open the summary: JSON in a file, or text on standard error for -.

    Raises:
        OutputError: The file cannot be written.
    """
    to = sys.stderr if place in ("", "-") else Path(place)
    return Summary(context.source, to, comparison=context.comparison or _nothing)


def _nothing() -> None:
    return None
