"""Limits for untrusted files: bytes, nesting, pixels, memory, seconds.

All limits are defined here. A limit is checked against the declared sizes of a file, before
anything is decoded or allocated. For trusted files the memory limit can be raised: `fer-edge
--limit-memory MB`, or the environment variable `FER_EDGE_LIMIT_MEMORY`.
"""

import os

from fer_edge.errors import ConfigError

MEMORY_VARIABLE = "FER_EDGE_LIMIT_MEMORY"
"""Environment variable: megabytes that one file may need. Child processes inherit it."""

MEMORY_MB = 800
"""Default memory for a model, or for the arrays of a face set."""

RAISE_THE_LIMIT = "if you trust it, raise the limit: fer-edge --limit-memory MB"

PICTURE_PX = 120_000_000
"""Default number of pixels of a picture (`--limit-pixels`).

Decoding takes 6 bytes per pixel for most kinds, 9 for a progressive JPEG, 11 to 12 for HEIC, AVIF
and animations, 15 for JPEG 2000: about 1 GB at this limit. Phones have up to 108 million.
"""

FRAME_PX = 1 << 27
"""Pixels of a video frame: 134 million, four times 8K, 400 MB in BGR."""

JSON_BYTES = 4 << 20
"""Size of a card, a run.json or a report; the longest reports have about 100 KB."""

TOML_BYTES = 1 << 20
"""Size of a recipe or a configuration; the Python parser takes a second or two for this size."""

NESTING = 64
"""Levels of a JSON or TOML document; fer-edge's own have at most 6."""

WHOLE_NUMBER = 1 << 63
"""Range of integers in a document, as in TOML."""

ARCHIVE_ENTRIES = 10_000
"""Files in a ZIP archive; the state of a run has a few hundred."""

_LEAST_MB = (
    ("RLIMIT_AS", "address space (ulimit -v)", 600),
    ("RLIMIT_DATA", "data (ulimit -d)", 500),
)
"""Limits of a process, in MB. OpenCV, FFmpeg and LiteRT reserve more memory than they use; with
less, some crash while they are loaded."""

TRIAL_S = 15.0
"""CPU time of a model's first load and inferences, in a separate process: tens of milliseconds for
networks of phones, some seconds on a slow Raspberry Pi for the largest ones."""

TRIAL_PATIENCE_S = 90.0
"""Wall time until that process has ended, including its start, on a busy device."""

MOST_THREADS = 64
"""Threads of an interpreter: LiteRT starts all, and crashes if the system refuses some."""


def memory_bytes() -> int:
    """Return the memory limit of one file.

    Raises:
        ConfigError: The environment variable is not a number of megabytes.
    """
    text = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not text:
        return MEMORY_MB * 1_000_000
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:9]) <= 1_000_000:
        raise ConfigError(
            f"{MEMORY_VARIABLE} is {text[:40]!r}; expected megabytes from 1 to 1000000, such as "
            f"{MEMORY_MB}"
        )
    return int(text[:9]) * 1_000_000


def process_limits() -> list[tuple[str, float, float]]:
    """Return the memory limits of this process: what is limited, the MB, and the necessary MB."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return []
    found = []
    for name, words, least_mb in _LEAST_MB:
        most, _ = resource.getrlimit(getattr(resource, name))
        if most != resource.RLIM_INFINITY:
            found.append((words, most / 1e6, float(least_mb)))
    return found


def too_large(size_bytes: int) -> str:
    """Report that a file declares too much memory, with the next step."""
    return (
        f"it declares {size_bytes / 1e6:,.0f} MB, expected at most {memory_bytes() / 1e6:,.0f}; "
        f"{RAISE_THE_LIMIT}"
    )
