"""Conversion of another detector's boxes to YuNet's framing."""

from dataclasses import dataclass

from fer_edge.faces.preprocess import Box


@dataclass(frozen=True, slots=True)
class Framing:
    """Position of YuNet's box relative to another detector's.

    The crop policy of a model is measured on YuNet's boxes; this conversion makes it valid for
    every detector. The numbers are medians from `python -m benchmarks.box_framing`.

    Attributes:
        width: Width of YuNet's box, in widths of the other.
        height: Height of YuNet's box, in heights of the other.
        center_x: Center of YuNet's box, from the other's left, in its widths.
        center_y: Center of YuNet's box, from the other's top, in its heights.
    """

    width: float
    height: float
    center_x: float
    center_y: float

    def of(self, box: Box) -> Box:
        """Return the box that YuNet would produce for the same face."""
        half_width, half_height = self.width * box.width / 2, self.height * box.height / 2
        x = box.left + self.center_x * box.width
        y = box.top + self.center_y * box.height
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)
