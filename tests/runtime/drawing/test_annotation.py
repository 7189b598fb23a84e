import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.faces.labels import FER2013, FERPLUS_CLASSES
from fer_edge.faces.preprocess import Box
from fer_edge.runtime.drawing.annotation import annotate
from fer_edge.runtime.drawing.palette import UNCERTAIN_BGR
from fer_edge.runtime.recognition.result import UNCERTAIN, Face, Probabilities

from ...support.results import noise


def even(box: Box, labels: tuple[str, ...] = FER2013) -> Face:
    """Return a face with equal probabilities for all labels."""
    return Face(labels[0], dict.fromkeys(labels, 1 / len(labels)), box, 1.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (9, 9), (100, 120), (700, 900)])
@pytest.mark.parametrize(
    "box",
    [
        Box(20, 20, 60, 70),
        Box(0, 0, 99999, 99999),
        Box(-50, -50, 10, 10),
        Box(80, 70, 140, 130),
        Box(-90, -90, -10, -10),
        Box(500, 500, 600, 600),
        Box(3.4, 2.6, 3.5, 2.7),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_box_anywhere_is_drawn_on_a_picture_of_any_size(size: tuple[int, int], box: Box) -> None:
    image = noise(*size)
    before = image.copy()
    drawn = annotate(image, [even(box)])
    assert (drawn.shape, drawn.dtype) == (image.shape, np.uint8)
    assert np.array_equal(image, before)


def test_without_a_face_the_picture_stays_as_it_is() -> None:
    assert np.array_equal(annotate(noise(20, 30), []), noise(20, 30))


def test_a_box_is_drawn_around_the_face_and_not_in_it() -> None:
    image = noise(300, 300)
    drawn = annotate(image, [even(Box(100, 120, 200, 240))])
    changed = (drawn != image).any(axis=2)
    assert changed[120:240, 100].mean() > 0.9
    assert changed[240, 100:200].mean() > 0.9
    assert not changed[125:235, 105:195].any()
    assert not changed[:, 260:].any()


def test_the_winner_decides_the_color_for_any_classes() -> None:
    box, plain = Box(100, 120, 200, 240), np.zeros((300, 300, 3), np.uint8)
    for labels in (FERPLUS_CLASSES, ("awake", "asleep", "ill")):
        edges = set()
        for winner in labels:
            shares = {label: float(label == winner) for label in labels}
            edges.add(tuple(annotate(plain, [Face(winner, shares, box, 1.0)])[180, 100]))
        assert len(edges) == len(labels)


@pytest.mark.parametrize("labels", [("yes", "no"), ("glücklich", "b", "c"), ("x" * 80, "y")])
def test_other_labels_are_drawn_too(labels: tuple[str, ...]) -> None:
    drawn = annotate(noise(200, 200), [even(Box(50, 80, 120, 160), labels)])
    assert not np.array_equal(drawn, noise(200, 200))


def drawn_on(
    *faces: Face, size: tuple[int, int] = (400, 600)
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Annotate a gray image; return the image and a mask of the changed pixels."""
    plain = np.full((*size, 3), 90, np.uint8)
    drawn = annotate(plain, faces)
    return drawn, (drawn != plain).any(axis=2)


def happy(box: Box, label: str = "happy", track: int | None = None) -> Face:
    shares = Probabilities(FER2013, (0.02, 0.0, 0.03, 0.8, 0.05, 0.0, 0.1))
    return Face(label, shares, box, 1.0, track)


def test_a_large_face_has_bars_a_small_one_its_label_and_a_tiny_one_its_box() -> None:
    areas = []
    for height in (200, 60, 20):
        _, changed = drawn_on(happy(Box(200, 150, 200 + 0.8 * height, 150 + height)))
        changed[150 - 4 : 150 + height + 5, 196 : int(200 + 0.8 * height) + 5] = False
        areas.append(int(changed.sum()))
    assert areas[0] > 3 * areas[1] > 0
    assert areas[2] == 0


def test_the_number_of_a_followed_face_is_drawn() -> None:
    box = Box(200, 150, 300, 280)
    pictures = [drawn_on(happy(box, track=track))[0] for track in (None, 1, 2, 34)]
    assert len({picture.tobytes() for picture in pictures}) == 4


def test_the_steady_label_is_drawn_and_not_the_likeliest_of_the_frame() -> None:
    box = Box(200, 150, 300, 280)
    likeliest, steady = (drawn_on(happy(box, label))[0] for label in ("happy", "sad"))
    assert not np.array_equal(likeliest[200, 200], steady[200, 200])
    uncertain = drawn_on(happy(box, UNCERTAIN))[0]
    assert tuple(uncertain[200, 200]) == UNCERTAIN_BGR


def test_the_text_beside_a_face_hides_no_other_face() -> None:
    boxes = [
        Box(40 + 130 * column, 60 + 170 * row, 120 + 130 * column, 160 + 170 * row)
        for row in range(2)
        for column in range(4)
    ]
    _, changed = drawn_on(*(happy(box, track=1) for box in boxes))
    for box in boxes:
        inside = changed[int(box.top) + 6 : int(box.bottom) - 5]
        assert not inside[:, int(box.left) + 6 : int(box.right) - 5].any()


@pytest.mark.parametrize(
    "box",
    [Box(0, 0, 120, 150), Box(480, 0, 600, 150), Box(0, 250, 120, 400), Box(250, -40, 400, 90)],
)
def test_at_the_edge_the_text_lies_within_the_picture(box: Box) -> None:
    _, middle = drawn_on(happy(Box(250, 150, 250 + box.width, 150 + box.height)))
    drawn, changed = drawn_on(happy(box))
    assert changed.sum() > 0.75 * middle.sum()
    assert drawn.shape == (400, 600, 3)


def test_the_size_of_the_text_is_steady_while_a_face_breathes() -> None:
    widths = set()
    for grow in np.linspace(0, 12, 25):
        _, changed = drawn_on(happy(Box(200, 200 - grow, 320, 350)), size=(600, 600))
        widths.add(int(changed[: 200 - 16].any(axis=0).sum()))
    assert len(widths) <= 2


def test_five_hundred_faces_are_drawn() -> None:
    boxes = [Box(x, y, x + 30, y + 40) for x in range(0, 1500, 60) for y in range(0, 1600, 80)]
    assert len(boxes) == 500
    _, changed = drawn_on(*map(happy, boxes), size=(1600, 1500))
    assert all(changed[int(box.top) + 20, int(box.left)] for box in boxes)
