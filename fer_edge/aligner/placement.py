"""How a face lies in its detector's box."""

import math
from dataclasses import dataclass

from fer_edge.faces.preprocess import Box, CropPolicy


@dataclass(frozen=True, slots=True)
class Placement:
    """How a face lies in its detector's box: upright in its middle by default.

    Attributes:
        roll_degrees: Rotation of the face, clockwise in the picture.
        scale: Size of the face's own box, as a factor of the detector's.
        x: Shift of its center to the right, in heights of the detector's box.
        y: Shift of its center downward, in heights of the detector's box.
    """

    roll_degrees: float = 0.0
    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def box_of(self, box: Box) -> Box:
        """Return the face's own box for a detector's.

        The face fills it when it is turned by `roll_degrees` around its center.
        """
        if self == Placement():
            return box  # not rounded
        x = (box.left + box.right) / 2 + self.x * box.height
        y = (box.top + box.bottom) / 2 + self.y * box.height
        half_width, half_height = self.scale * box.width / 2, self.scale * box.height / 2
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)

    def refined(
        self, policy: CropPolicy, *, roll_degrees: float, scale: float, x: float, y: float
    ) -> "Placement":
        """Return a better placement, from where the face lies in the square of this one.

        Args:
            policy: The policy by which the square was cut.
            roll_degrees: Rotation that is left in the square, clockwise.
            scale: Size of the face, as a factor of the square.
            x: Shift of its center in the square to the right, in sides of the square.
            y: Shift downward.
        """
        side = policy.side * self.scale
        to_center = (0.5 - policy.center_x, 0.5 - policy.center_y)
        # from the center of the box to that of its square, to that of the better square, and back
        ahead = _turned(to_center[0] + x, to_center[1] + y, self.roll_degrees)
        roll = self.roll_degrees + roll_degrees
        back = _turned(*to_center, roll)
        return Placement(
            roll,
            self.scale * scale,
            self.x + side * (ahead[0] - scale * back[0]),
            self.y + side * (ahead[1] - scale * back[1]),
        )


def _turned(x: float, y: float, degrees: float) -> tuple[float, float]:
    """Turn a vector clockwise, with y pointing downward."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return cosine * x - sine * y, sine * x + cosine * y
