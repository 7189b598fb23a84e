"""Charts: everything is inside the image, and labels do not overlap."""

import itertools

import pytest

from fer_edge.runtime.measurement.report.axis import log_ticks, ticks
from fer_edge.runtime.measurement.report.chart import (
    WIDTH,
    Bar,
    Point,
    Span,
    Spread,
    bars,
    scatter,
    spans,
    spreads,
)

POINTS = [
    Point("int8 ptq", 0.21, 64.7, 64.2, 65.1, "square", True),
    Point("int8 qat", 0.21, 64.6, 64.2, 64.9, "square", False),
    Point("dynamic", 0.2, 64.56, 64.4, 64.8, "triangle", True),
    Point("float32", 0.7, 64.53, 64.53, 64.53, "circle", False),
    Point("float16 with a very long name indeed", 0.71, 64.5, 64.4, 64.6, "diamond", False),
]


def numbers(shape, *keys):
    return [float(shape.attributes[key]) for key in keys if key in shape.attributes]


def draw(kind, rows, **more):
    chart = kind(rows, name="A chart", description="What it shows.", **more)
    for shape in chart.shapes:
        assert all(0 <= x <= chart.width for x in numbers(shape, "x", "x1", "x2", "cx")), shape
        assert all(0 <= y <= chart.height for y in numbers(shape, "y", "y1", "y2", "cy")), shape
    return chart.shapes


def test_a_scatter_chart_holds_all_points_and_labels():
    shapes = draw(scatter, POINTS, x="ms", y="%")
    marks = [shape for shape in shapes if shape.attributes["class"].startswith("mark")]
    assert len(marks) == len(POINTS)
    assert sum("hollow" in mark.attributes["class"] for mark in marks) == 3
    texts = [shape for shape in shapes if "halo" in shape.attributes["class"]]
    assert {shape.text for shape in texts} >= {"int8 ptq", "int8 qat", "dynamic", "float32"}
    assert any("…" in shape.text for shape in texts)
    boxes = []
    for shape in texts:
        width, x, y = 7 * len(shape.text), *numbers(shape, "x", "y")
        start = x if shape.attributes["text-anchor"] == "start" else x - width
        boxes.append((start, y - 13, start + width, y + 3))
    assert all(box[0] >= 0 and box[2] <= WIDTH for box in boxes)
    for one, other in itertools.combinations(boxes, 2):
        beside = one[2] <= other[0] or other[2] <= one[0]
        assert beside or one[3] <= other[1] or other[3] <= one[1]


def test_one_point_is_a_chart_too():
    draw(scatter, [Point("a", 1.0, 60.0, 60.0, 60.0, "star", True)], x="ms", y="%")


def test_the_other_charts_stay_inside_their_frames():
    draw(spreads, [Spread("a", 0.1, 0.2, 0.3, 0.4, 9.0, (12.0, 40.0))], x="ms")
    draw(spreads, [Spread("a", 1.0, 1.0, 1.0, 1.0, 1.0, ())], x="ms")
    draw(spans, [Span("a", 0.1, -0.3, 0.5), Span("b", -2.0, -4.0, -1.0)], x="points")
    draw(bars, [Bar("read", 3.0, "3.0 ms"), Bar("detect", 0.0, "0.0 ms")])


@pytest.mark.parametrize(
    ("low", "high"), [(0.14, 1.0), (0.95, 1.05), (0.01, 900.0), (3.0, 4.0), (16, 17)]
)
def test_a_logarithmic_axis_has_a_handful_of_ticks(low, high):
    marks = log_ticks(low, high)
    assert 1 <= len(marks) <= 9
    assert all(low <= mark <= high for mark in marks)


def test_ticks_are_round():
    assert ticks(63.8, 65.3, 6) == [64.0, 64.5, 65.0]
    assert ticks(-0.8, 0.7, 5) == [-0.5, 0.0, 0.5]
