import math

import pytest

from fer_edge.aligner.placement import Placement
from fer_edge.faces.preprocess import Box, CropPolicy

BOX = Box(200, 180, 300, 310)
POLICIES = [CropPolicy(), CropPolicy(side=1.4, center_x=0.4, center_y=0.7)]


def square_of(policy: CropPolicy, placement: Placement) -> tuple[float, float, float]:
    """Return center x, center y and side of the square that is cut, in pixels."""
    box = placement.box_of(BOX)
    square = policy.square(box)
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    ahead_x, ahead_y = (square.left + square.right) / 2 - x, (square.top + square.bottom) / 2 - y
    turn = math.radians(placement.roll_degrees)
    return (
        x + math.cos(turn) * ahead_x - math.sin(turn) * ahead_y,
        y + math.sin(turn) * ahead_x + math.cos(turn) * ahead_y,
        square.width,
    )


def test_a_face_lies_upright_in_its_box_by_default() -> None:
    assert Placement().box_of(BOX) == BOX


@pytest.mark.parametrize("policy", POLICIES)
def test_the_better_square_is_where_the_face_lies_in_the_first(policy: CropPolicy) -> None:
    x, y, side = square_of(policy, Placement())
    better = Placement().refined(policy, roll_degrees=20, scale=1.2, x=0.1, y=-0.05)
    assert better.roll_degrees == 20
    assert square_of(policy, better) == pytest.approx((x + 0.1 * side, y - 0.05 * side, 1.2 * side))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_second_look_goes_on_from_the_first(policy: CropPolicy) -> None:
    first = Placement().refined(policy, roll_degrees=90, scale=0.5, x=0, y=0)
    x, y, side = square_of(policy, first)
    second = first.refined(policy, roll_degrees=-30, scale=2, x=0.1, y=0)
    assert second.roll_degrees == 60
    # to the right in a square that is turned by 90 degrees is downward in the picture
    assert square_of(policy, second) == pytest.approx((x, y + 0.1 * side, 2 * side))


def test_a_box_keeps_its_proportions() -> None:
    box = Placement(scale=0.5, x=0.1, y=-0.2).box_of(BOX)
    assert (box.width, box.height) == pytest.approx((50, 65))
    assert (box.left + box.right) / 2 == pytest.approx(250 + 13)
    assert (box.top + box.bottom) / 2 == pytest.approx(245 - 26)
