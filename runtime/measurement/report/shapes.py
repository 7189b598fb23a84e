"""The shapes of a chart, as values that `templates/blocks.html` writes as SVG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """An SVG element.

    Attributes:
        element: Element name.
        attributes: Attributes, unescaped.
        text: Text content.
    """

    element: str
    attributes: Mapping[str, str]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing.

    Attributes:
        name: Name for screen readers.
        description: Description in one sentence, for screen readers.
        width: Natural width in pixels.
        height: Natural height in pixels.
        shapes: Shapes in drawing order.
    """

    name: str
    description: str
    width: int
    height: int
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart and its caption."""

    chart: Chart
    caption: str = ""


def shape(element: str, kind: str, **attributes: str | float) -> Shape:
    """Create a shape; `kind` is its class, numbers have at most two decimals."""
    said = {key: _written(value) for key, value in attributes.items()}
    return Shape(element, {**said, "class": kind})


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Shape:
    """Draw a line."""
    return shape("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)


def text(x: float, y: float, said: str, kind: str, anchor: str) -> Shape:
    """Write a line of text; anchor is start, middle or end."""
    place = {"x": _written(x), "y": _written(y), "class": kind, "text-anchor": anchor}
    return Shape("text", place, said)


def marker(form: str, x: float, y: float, *, is_front: bool) -> Shape:
    """Draw a point; points that are not on the Pareto line are hollow."""
    kind = "mark" if is_front else "mark hollow"
    if form == "circle":
        return shape("circle", kind, cx=x, cy=y, r=6.5)
    corners = _CORNERS[form]
    path = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return shape("polygon", kind, points=path)


_CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "square": ((-6, -6), (6, -6), (6, 6), (-6, 6)),
    "diamond": ((0, -8), (8, 0), (0, 8), (-8, 0)),
    "triangle": ((0, -8), (7.5, 6), (-7.5, 6)),
    "wedge": ((0, 8), (7.5, -6), (-7.5, -6)),
    "star": tuple(
        (
            (9 if k % 2 == 0 else 4) * math.sin(k * math.pi / 5),
            -(9 if k % 2 == 0 else 4) * math.cos(k * math.pi / 5),
        )
        for k in range(10)
    ),
}


def _written(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
