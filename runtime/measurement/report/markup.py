"""HTML and SVG by hand, escaped by construction.

`tag` escapes every plain string; only what it made itself, a `Markup`, goes in as it is.
"""

import html
from collections.abc import Iterable

_EMPTY = ("meta", "br", "hr", "img")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Make an element.

    Args:
        name: Of the element.
        *children: Text, which is escaped, or `Markup`.
        **attributes: `class_` is class, `aria_label` is aria-label; None leaves one out; a float
            is written with two digits at most.
    """
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Put text and markup one behind the other."""
    return Markup(
        "".join(part if isinstance(part, Markup) else html.escape(part) for part in parts)
    )


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
