"""Words of the code, as Markdown."""

import re
from collections.abc import Iterable

_MARKS = re.compile(r"([\\`*<\[\]|])")
_OPTION = re.compile(r"(?<![\w\\-])(--?[a-z][a-z0-9-]*)(?![\w-])")


def prose(text: str) -> str:
    """Return a help text or docstring as one paragraph; options stand as code.

    Code between backticks stays as it is.
    """
    parts = " ".join(text.split()).split("`")
    return "".join(f"`{part}`" if number % 2 else _plain(part) for number, part in enumerate(parts))


def _plain(text: str) -> str:
    return _OPTION.sub(r"`\1`", _MARKS.sub(r"\\\1", text))


def definition(term: str, meaning: str) -> str:
    """Return an item of a definition list."""
    return f"{term}\n:   {meaning or '.'}\n"


def code(text: str, language: str = "text") -> str:
    """Return a block of code."""
    return f"```{language}\n{text}\n```"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; the cells are Markdown without line breaks."""
    header = list(header)
    lines = [header, ["---"] * len(header), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number_range(low: float | None, high: float | None, *, is_above: bool = False) -> str:
    """Return a range of numbers in words, such as "0 to 1"; empty where there are no bounds."""
    if low is None and high is None:
        return ""
    if low is None or high is None:
        word = "at most" if low is None else "above" if is_above else "at least"
        return f"{word} {high if low is None else low:,}"
    return f"above {low:,}, at most {high:,}" if is_above else f"{low:,} to {high:,}"
