"""Number formats, the same in text, Markdown and HTML."""

from fer_edge.scoring.scores import Agreement


def milliseconds(value: float) -> str:
    """Format milliseconds with three significant digits, without their unit."""
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def megabytes(size_bytes: int) -> str:
    """Format a file size in MB, a million bytes."""
    return f"{size_bytes / 1e6:.{2 if size_bytes >= 1e5 else 3}f} MB"


def interval(agreement: Agreement) -> str:
    """Format the paired 95% interval of an accuracy difference, in points."""
    low, high = (100 * end for end in agreement.interval)
    return f"[{low:+.2f}, {high:+.2f}]"


def significant(value: float, digits: int) -> str:
    """Format a value with significant digits; a larger one as an integer, not as a power of ten."""
    return f"{value:.{digits}g}" if abs(value) < 10**digits - 0.5 else f"{value:,.0f}"


def optional(value: float | None, pattern: str) -> str:
    """Format a value, or "-" if it was not measured."""
    return "-" if value is None else pattern.format(value)


def threads_text(count: int) -> str:
    """Format a number of threads."""
    return f"{count} thread{'' if count == 1 else 's'}"
