"""How another detector's boxes become boxes as YuNet draws them."""

from dataclasses import dataclass

from fer_edge.faces.preprocess import Box


@dataclass(frozen=True, slots=True)
class Framing:
    """Where YuNet's box lies in another detector's.

    A model's crop policy is measured on YuNet's boxes; with this it holds for every detector. The
    numbers are medians: `python -m benchmarks.box_framing` measures them.

    Attributes:
        width: Of YuNet's box, in widths of the other.
        height: Of YuNet's box, in heights of the other.
        centre_x: Of YuNet's box, from the other's left, in its widths.
        centre_y: Of YuNet's box, from the other's top, in its heights.
    """

    width: float
    height: float
    centre_x: float
    centre_y: float

    def of(self, box: Box) -> Box:
        """Return the box that YuNet would have drawn around the same face."""
        half_width, half_height = self.width * box.width / 2, self.height * box.height / 2
        x = box.left + self.centre_x * box.width
        y = box.top + self.centre_y * box.height
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)
