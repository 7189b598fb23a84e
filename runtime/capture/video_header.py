"""What the header of a video file declares: its clock, frame rate and length."""

import re
from typing import Any

import av

_USUAL_RATE_HZ = 25.0
_HIGHEST_TICK_RATE_HZ = 1000.0


def has_clock(container: Any) -> bool:
    """Return whether a container has time stamps; FFmpeg invents those of raw files and streams."""
    is_raw = container.format.name.endswith("_pipe")  # JPEG pictures one after the other
    return not is_raw and not has_flag(container, av.format.Flags.no_timestamps)


def has_flag(container: Any, flag: av.format.Flags) -> bool:
    """Return whether the format of a container has a property."""
    return bool(container.format.flags & flag.value)


def stored_rate_hz(stream: Any, has_clock: bool) -> float:
    """Return the frame rate that a video declares, else the usual one."""
    # the average rate of a raw file is FFmpeg's guess; its stream may declare a rate
    rates = (stream.average_rate, stream.guessed_rate)
    for rate in rates if has_clock else reversed(rates):
        if rate and 0.01 <= float(rate) <= 1000:
            return float(rate)
    return _USUAL_RATE_HZ


def tick_rate_hz(stream: Any, rate_hz: float) -> float:
    """Return the lowest rate at which each frame has its own tick, also at a varying frame rate."""
    base = float(stream.base_rate or 0)  # FFmpeg's, from the first time stamps
    return base if rate_hz <= base <= _HIGHEST_TICK_RATE_HZ else rate_hz


def declared_length(container: Any, stream: Any, rate_hz: float) -> int | None:
    """Return the approximate number of frames; an edit list may hide stored frames."""
    if stream.duration is not None and stream.time_base:
        count = max(1, round(float(stream.duration * stream.time_base) * rate_hz))
        return min(count, stream.frames) if stream.frames else count
    if stream.frames:
        return int(stream.frames)
    seconds = _tagged_s(stream.metadata.get("DURATION", ""))
    if seconds is None and container.duration is not None:
        seconds = container.duration / av.time_base
    if seconds is not None and container.format.name.startswith("matroska"):  # it is an end
        seconds -= float((stream.start_time or 0) * (stream.time_base or 0))
    return None if seconds is None or seconds <= 0 else max(1, round(seconds * rate_hz))


def _tagged_s(text: str) -> float | None:
    """Return the seconds in FFmpeg's Matroska tag of a stream, such as 00:01:02.345000000."""
    found = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None
