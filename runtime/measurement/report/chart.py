"""Charts as shapes of inline SVG, without libraries, scripts or network access.

Colors and fonts come from the page's style sheet by class, so that charts support dark mode and
print. Color is never the only distinction: shapes differ, and every point and row has a label.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from .axis import Axis, log_ticks, ticks
from .shapes import Chart, Shape, line, marker, shape, text

WIDTH = 480
_LETTER = 7.2  # generous width of a letter in the charts' 14-pixel font
_SHIFTS = (0, -18, 18, -36, 36, -54, 54, -72, 72)  # for labels moved away from others
_MOVED = 25  # from a point to its moved label
_LONGEST_LABEL = 22


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a scatter chart.

    Attributes:
        label: Label next to it.
        x: Positive value, since the axis is logarithmic.
        y: Vertical value.
        y_low: Lower end of its vertical whisker.
        y_high: Upper end of its vertical whisker.
        shape: Shape drawn by `shapes.marker`.
        front: Whether it is on the Pareto line.
    """

    label: str
    x: float
    y: float
    y_low: float
    y_high: float
    shape: str
    front: bool


@dataclass(frozen=True, slots=True)
class Spread:
    """A row of a spread chart: quartiles, whiskers, and single values beyond.

    Attributes:
        label: Label of the row.
        low: Smallest value, positive, since the axis is logarithmic.
        quartile: Lower quartile.
        median: Median.
        upper_quartile: Upper quartile.
        high: End of the whisker.
        beyond: Values shown individually.
    """

    label: str
    low: float
    quartile: float
    median: float
    upper_quartile: float
    high: float
    beyond: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A row of an interval chart: a value and its interval."""

    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart: a value of zero or more, and its text."""

    label: str
    value: float
    text: str


def scatter(points: Sequence[Point], *, name: str, description: str, x: str, y: str) -> Chart:
    """Draw points with whiskers, and the stepped Pareto line.

    Points below the line and to its right are dominated.

    Args:
        points: At least one.
        name: Name of the chart, for screen readers.
        description: Description in one sentence, for screen readers.
        x: Title of the logarithmic axis.
        y: Title of the other axis.
    """
    left, right, top, bottom = 58, WIDTH - 12, 24, 330
    low, high = min(p.x for p in points), max(p.x for p in points)
    across = Axis(low / 1.4, high * 1.4, left, right, logarithmic=True)
    bottom_y, top_y = min(p.y_low for p in points), max(p.y_high for p in points)
    room = max(0.15 * (top_y - bottom_y), 0.25)
    up = Axis(bottom_y - room, top_y + room, bottom, top)
    parts = [*_up_grid(up, left, right), *_across_grid(across, top, bottom)]
    front = sorted((p for p in points if p.front), key=lambda p: p.x)
    if front:
        steps = [f"M{across(front[0].x):.1f} {bottom}"]
        steps += [f"H{across(p.x):.1f} V{up(p.y):.1f}" for p in front]
        parts.append(shape("path", "front", d=f"{' '.join(steps)} H{right}"))
    for point in points:
        px = across(point.x)
        whisker = up(point.y_low), up(point.y_high)
        parts.append(line(px, whisker[0], px, whisker[1], "whisker"))
        if point.y_low < point.y_high:
            parts += [line(px - 4, end, px + 4, end, "whisker") for end in whisker]
    parts += [
        marker(point.shape, across(point.x), up(point.y), is_front=point.front) for point in points
    ]
    ends = [*(across(p.x) for p in front[1:]), right]
    lines = [
        (across(p.x), up(p.y) - 1, end, up(p.y) + 1) for p, end in zip(front, ends, strict=True)
    ]
    parts += _labels([(p.label, across(p.x), up(p.y)) for p in points], lines, left, right)
    parts.append(text((left + right) / 2, bottom + 40, x, "title", "middle"))
    parts.append(text(left - 46, top - 10, y, "title", "start"))
    return Chart(name, description, WIDTH, bottom + 48, tuple(parts))


def spreads(rows: Sequence[Spread], *, name: str, description: str, x: str) -> Chart:
    """Draw a box with whiskers for each row, and single values beyond as rings."""
    low = min(row.low for row in rows)
    high = max((*(row.high for row in rows), *(value for row in rows for value in row.beyond)))
    left, right, top, step = _gutter(rows), WIDTH - 12, 8, 30
    bottom = top + step * len(rows) + 4
    across = Axis(low / 1.1, high * 1.1, left, right, logarithmic=True)
    parts = _across_grid(across, top, bottom)
    for number, row in enumerate(rows):
        y = top + step * (number + 0.5) + 2
        start, end = across(row.quartile), across(row.upper_quartile)
        parts += [
            text(left - 8, y + 5, _short(row.label), "label", "end"),
            line(across(row.low), y, across(row.high), y, "whisker"),
            line(across(row.high), y - 5, across(row.high), y + 5, "whisker"),
            shape("rect", "box", x=start, y=y - 7, width=max(end - start, 2), height=14),
            line(across(row.median), y - 9, across(row.median), y + 9, "median"),
            *(shape("circle", "ring", cx=across(value), cy=y, r=3) for value in row.beyond),
        ]
    parts.append(text((left + right) / 2, bottom + 38, x, "title", "middle"))
    return Chart(name, description, WIDTH, bottom + 46, tuple(parts))


def spans(rows: Sequence[Span], *, name: str, description: str, x: str) -> Chart:
    """Draw a value with its interval for each row, and the zero line."""
    low, high = min(0.0, *(row.low for row in rows)), max(0.0, *(row.high for row in rows))
    room = max(0.1 * (high - low), 0.1)
    left, right, top, step = _gutter(rows), WIDTH - 12, 8, 30
    bottom = top + step * len(rows) + 4
    across = Axis(low - room, high + room, left, right)
    parts = []
    for value in ticks(across.low, across.high, 5):
        parts.append(line(across(value), top, across(value), bottom, "grid"))
        said = f"{value:+g}" if value else "0"
        parts.append(text(across(value), bottom + 18, said, "tick", "middle"))
    parts.append(line(across(0), top, across(0), bottom, "zero"))
    for number, row in enumerate(rows):
        y = top + step * (number + 0.5) + 2
        parts += [
            text(left - 8, y + 5, _short(row.label), "label", "end"),
            line(across(row.low), y, across(row.high), y, "span"),
            line(across(row.low), y - 6, across(row.low), y + 6, "span"),
            line(across(row.high), y - 6, across(row.high), y + 6, "span"),
            shape("circle", "dot", cx=across(row.value), cy=y, r=5),
        ]
    parts.append(text((left + right) / 2, bottom + 38, x, "title", "middle"))
    return Chart(name, description, WIDTH, bottom + 46, tuple(parts))


def bars(rows: Sequence[Bar], *, name: str, description: str) -> Chart:
    """Draw a bar from zero for each row, followed by its text."""
    longest = max(len(row.text) for row in rows)
    left, top, step = _gutter(rows), 4, 28
    right = WIDTH - 12 - _LETTER * (longest + 1)
    across = Axis(0, max(max(row.value for row in rows), 1e-12), left, right)
    parts = []
    for number, row in enumerate(rows):
        y = top + step * (number + 0.5)
        end = across(row.value)
        parts += [
            text(left - 8, y + 5, _short(row.label), "label", "end"),
            shape("rect", "bar", x=left, y=y - 9, width=max(end - left, 1), height=18),
            text(end + 6, y + 5, row.text, "label", "start"),
        ]
    return Chart(name, description, WIDTH, top + step * len(rows) + 4, tuple(parts))


def _labels(
    wanted: Sequence[tuple[str, float, float]],
    lines: Sequence[tuple[float, ...]],
    left: float,
    right: float,
) -> list[Shape]:
    """Place labels (text, x, y of their point) next to their points, without overlap.

    The first free position is used: at the height of the point to the right, to the left, then
    further above and below, with a line to the point. If no position is free, labels overlap.
    """
    taken = [*lines, *((x - 9, y - 9, x + 9, y + 9) for _, x, y in wanted)]
    parts = []
    for label, x, y in wanted:
        said = _short(label)
        width = _LETTER * len(said)
        for shift, away in itertools.product(_SHIFTS, (1, -1)):
            edge = x + (_MOVED if shift else 13) * away
            start = edge if away > 0 else edge - width
            box = (start, y + shift - 8, start + width, y + shift + 8)
            if left < start and box[2] < right and not any(_meet(box, other) for other in taken):
                break
        else:
            shift, away, edge = 0, 1, x + 13
            box = (edge, y - 8, edge + width, y + 8)
        taken.append(box)
        if shift:
            parts.append(line(x + 8 * away, y, edge - 3 * away, y + shift, "leader"))
        anchor = "start" if away > 0 else "end"
        parts.append(text(edge, y + shift + 5, said, "label halo", anchor))
    return parts


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _across_grid(axis: Axis, top: float, bottom: float) -> list[Shape]:
    parts = []
    for value in log_ticks(axis.low, axis.high):
        parts.append(line(axis(value), top, axis(value), bottom, "grid"))
        parts.append(text(axis(value), bottom + 18, f"{value:g}", "tick", "middle"))
    return parts


def _up_grid(axis: Axis, left: float, right: float) -> list[Shape]:
    parts = []
    for value in ticks(axis.low, axis.high, 6):
        parts.append(line(left, axis(value), right, axis(value), "grid"))
        parts.append(text(left - 6, axis(value) + 5, f"{value:g}", "tick", "end"))
    return parts


def _gutter(rows: Sequence[Spread | Span | Bar]) -> float:
    return 20 + _LETTER * max(len(_short(row.label)) for row in rows)


def _short(label: str) -> str:
    if len(label) <= _LONGEST_LABEL:
        return label
    half = (_LONGEST_LABEL - 1) // 2  # names differ at their ends
    return f"{label[:half]}…{label[-half:]}"
