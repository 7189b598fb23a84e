import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box
from fer_edge.runtime.detection.overlap import match, match_nearest, overlap, overlaps
from fer_edge.runtime.detection.shrinking import shrink
from fer_edge.runtime.tracking.optical_flow import find_corners, follow

BOX = Box(120, 60, 200, 140)


def texture(seed: int = 0) -> NDArray[np.uint8]:
    """Return random gray blobs, 320 x 180 pixels, with corners everywhere."""
    coarse = np.random.default_rng(seed).integers(0, 256, (18, 32), dtype=np.uint8)
    return cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_CUBIC)


def moved(
    image: NDArray[np.uint8], shift: tuple[float, float], scale: float = 1.0
) -> NDArray[np.uint8]:
    """Shift an image, and scale it around the center of `BOX`."""
    x, y = 160 * (1 - scale) + shift[0], 100 * (1 - scale) + shift[1]
    matrix = np.array([[scale, 0, x], [0, scale, y]], np.float64)
    return cv2.warpAffine(image, matrix, (320, 180), borderMode=cv2.BORDER_REFLECT)


def enlarged(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Enlarge an image."""
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    ("shift", "scale"), [((0, 0), 1), ((7.5, -4), 1), ((-12, 9), 1.0), ((2, 2), 1.1), ((0, 0), 0.9)]
)
def test_a_box_moves_and_grows_with_the_picture(shift: tuple[float, float], scale: float) -> None:
    before = texture()
    corners = find_corners(before, BOX)
    (motion,) = follow(before, moved(before, shift, scale), [(BOX, corners)])
    assert motion is not None
    x, y, half = 160 + shift[0], 100 + shift[1], 40 * scale
    edges = (motion.box.left, motion.box.top, motion.box.right, motion.box.bottom)
    assert edges == pytest.approx((x - half, y - half, x + half, y + half), abs=0.6)
    assert len(motion.corners) > 12


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize(("shift", "scale"), [((7.5, -4), 1), ((-12, 9), 1.0), ((2, 2), 1.1)])
def test_a_large_face_is_tracked_on_halved_images_as_precisely(
    factor: int, shift: tuple[float, float], scale: float
) -> None:
    before, after = (
        enlarged(image, factor) for image in (texture(), moved(texture(), shift, scale))
    )
    box = Box(*(factor * edge for edge in BOX.edges))
    (motion,) = follow(before, after, [(box, find_corners(before, box))])
    assert motion is not None
    x, y, half = 160 + shift[0], 100 + shift[1], 40 * scale
    edges = [edge / factor for edge in motion.box.edges]
    assert edges == pytest.approx((x - half, y - half, x + half, y + half), abs=0.6)
    # corners are in pixels of the whole image
    assert (motion.corners.max(axis=0) > factor * np.array([x, y])).all()


def test_a_small_face_beside_a_large_one_is_not_halved_away() -> None:
    before = enlarged(texture(), 2)
    after = enlarged(moved(texture(), (3, 2)), 2)
    boxes = [Box(240, 120, 400, 280), Box(60, 80, 84, 104)]
    motions = follow(before, after, [(box, find_corners(before, box)) for box in boxes])
    for box, motion in zip(boxes, motions, strict=True):
        assert motion is not None
        assert motion.box.left == pytest.approx(box.left + 6, abs=1)
        assert motion.box.top == pytest.approx(box.top + 4, abs=1)


def test_corners_that_slip_onto_the_background_change_nothing() -> None:
    before = texture()
    after = moved(before, (8, 0))
    after[60:100, 120:155] = before[60:100, 120:155]  # a fifth of the face's area does not move
    (motion,) = follow(before, after, [(BOX, find_corners(before, BOX))])
    assert motion is not None
    assert motion.box.left == pytest.approx(128, abs=1)
    assert motion.box.width == pytest.approx(80, abs=2)


def test_faces_are_followed_together_and_lost_alone() -> None:
    before, other = texture(), texture(1)
    after = moved(before, (5, 0))
    after[:, :80] = other[:, :80]
    boxes = [Box(10, 40, 70, 100), BOX, Box(230, 50, 300, 120)]
    faces = [
        (box, find_corners(before, box, most)) for box, most in zip(boxes, (24, 8, 24), strict=True)
    ]
    motions = follow(before, after, faces)
    assert motions[0] is None
    for box, motion in zip(boxes[1:], motions[1:], strict=True):
        assert motion is not None
        assert motion.box.left == pytest.approx(box.left + 5, abs=0.6)


def test_what_cannot_be_followed_is_lost() -> None:
    even = np.full((180, 320), 90, np.uint8)
    assert find_corners(even, BOX).shape == (0, 2)
    assert find_corners(texture(), Box(400, 400, 500, 500)).shape == (0, 2)
    assert find_corners(texture(), Box(-50, -50, -10, -10)).shape == (0, 2)
    corners = find_corners(texture(), BOX)
    assert corners.dtype == np.float32
    assert follow(even, even, [(BOX, find_corners(even, BOX))]) == [None]
    assert follow(texture(), texture(5), [(BOX, corners)]) == [None]
    assert follow(texture(), texture(), [(BOX, corners[:3])]) == [None]  # too few corners
    assert follow(texture(), texture(), []) == []


def test_overlaps_are_intersections_over_unions() -> None:
    ones = [Box(0, 0, 10, 10), Box(20, 20, 20, 30)]
    others = [Box(0, 0, 10, 10), Box(5, 0, 15, 10), Box(10, 10, 20, 20)]
    assert overlap(ones[0], others[1]) == pytest.approx(1 / 3)
    assert overlap(ones[1], others[2]) == overlap(ones[1], ones[1]) == 0
    assert overlaps(ones, others) == pytest.approx(np.array([[1, 1 / 3, 0], [0, 0, 0]]))


def test_the_best_pairs_are_made_first_and_no_box_is_in_two() -> None:
    ones = [Box(0, 0, 10, 10), Box(4, 0, 14, 10)]
    others = [Box(3, 0, 13, 10), Box(100, 0, 110, 10)]
    assert match(ones, others) == [(1, 0)]
    assert match(ones, []) == match([], others) == []
    assert sorted(match(ones, [*others, Box(1, 0, 11, 10)])) == [(0, 2), (1, 0)]


def test_boxes_that_do_not_overlap_pair_if_they_are_near_and_alike() -> None:
    one = Box(0, 0, 10, 10)
    assert match([one], [Box(6, 4, 16, 14)]) == []
    assert match_nearest([one], [Box(30, 0, 40, 10), Box(6, 4, 16, 14)]) == [(0, 1)]
    assert match_nearest([one], [Box(0, 0, 30, 30), Box(12, 0, 22, 10)]) == []
    assert match_nearest([one], []) == []


@pytest.mark.parametrize(
    "shape", [(360, 640), (361, 643, 3), (1080, 1920, 3), (3, 5000), (5000, 1)]
)
def test_an_image_shrinks_in_proportion_and_keeps_its_light(shape: tuple[int, ...]) -> None:
    ramp = np.tile(np.linspace(0, 255, shape[1]).astype(np.uint8), (shape[0], 1))
    image = np.dstack([ramp] * shape[2]) if len(shape) == 3 else ramp
    small = shrink(image, 320)
    assert max(small.shape[:2]) == 320
    assert small.dtype == np.uint8
    assert min(small.shape[:2]) == max(1, round(min(shape[:2]) * 320 / max(shape[:2])))
    assert abs(float(small.mean()) - float(image.mean())) < 2
    assert shrink(small, 320) is small
