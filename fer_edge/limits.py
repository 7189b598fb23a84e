"""What a file from a stranger may cost: bytes, nesting, pixels, memory, seconds.

The one place for all doors. A limit is checked on what a file declares, before anything is decoded
or made room for. The memory can be raised by whoever knows the file: `fer-edge --limit-memory MB`,
which is the environment variable `FER_EDGE_LIMIT_MEMORY`.
"""

import os

from fer_edge.errors import ConfigError

MEMORY_VARIABLE = "FER_EDGE_LIMIT_MEMORY"
"""Environment variable: megabytes that one file may need. Child processes inherit it."""

MEMORY_MB = 800
"""What a model, or the arrays of a face set, may need unless the variable says otherwise."""

RAISE_THE_LIMIT = "if you trust it, raise the limit: fer-edge --limit-memory MB"

PICTURE_PX = 120_000_000
"""Pixels that a picture may have, unless more are asked for (`--limit-pixels`).

Decoding takes 6 bytes a pixel for most kinds, 9 for a progressive JPEG, 11 to 12 for HEIC, AVIF
and animations, 15 for JPEG 2000: about 1 GB at this limit. Phones take up to 108 million.
"""

FRAME_PX = 1 << 27
"""Pixels of a video's frame: 134 million, four times 8K, 400 MB in BGR."""

JSON_BYTES = 4 << 20
"""Of a card, a run.json or a report; the longest reports have some 100 KB."""

TOML_BYTES = 1 << 20
"""Of a recipe or a configuration; its parser is Python, and takes a second or two for so many."""

NESTING = 64
"""Levels of a JSON or TOML document; ours have at most 6."""

WHOLE_NUMBER = 1 << 63
"""Whole numbers of a document are below it, above its negative, as TOML has it."""

ARCHIVE_ENTRIES = 10_000
"""Files in a ZIP archive; the state of a run has some hundred."""

LEAST_ADDRESS_SPACE_MB = 600
"""OpenCV, FFmpeg and LiteRT reserve more than they use; with less, some end by a signal while they
are loaded."""

TRIAL_S = 15.0
"""Processor time of a model's first opening and inferences, in a process of its own: tens of
milliseconds for a phone's networks, some seconds on a slow Raspberry Pi for the largest ones."""

TRIAL_PATIENCE_S = 90.0
"""Until that process has ended, its start included: on a device that is busy with other work."""


def memory_bytes() -> int:
    """Return how much memory one file may need.

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


def address_space_mb() -> float | None:
    """Return how much address space this process may use in all (ulimit -v); None for any."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most / 1e6


def too_large(size_bytes: int) -> str:
    """Say that a file declares more memory than it may need, and what to do."""
    return (
        f"it declares {size_bytes / 1e6:,.0f} MB, expected at most {memory_bytes() / 1e6:,.0f}; "
        f"{RAISE_THE_LIMIT}"
    )
