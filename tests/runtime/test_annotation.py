import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.faces import Box
from fer_edge.labels import FER2013, FERPLUS_CLASSES
from fer_edge.runtime import Reading
from fer_edge.runtime.annotation import annotate

EVEN = (1 / 7,) * 7


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


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
    drawn = annotate(image, [Reading(box, 1.0, FER2013, EVEN)])
    assert (drawn.shape, drawn.dtype) == (image.shape, np.uint8)
    assert np.array_equal(image, before)


def test_without_a_face_the_picture_stays_as_it_is() -> None:
    assert np.array_equal(annotate(noise(20, 30), []), noise(20, 30))


def test_a_box_is_drawn_around_the_face_and_not_in_it() -> None:
    image = noise(300, 300)
    drawn = annotate(image, [Reading(Box(100, 120, 200, 240), 1.0, FER2013, EVEN)])
    changed = (drawn != image).any(axis=2)
    assert changed[120:240, 100].mean() > 0.9
    assert changed[240, 100:200].mean() > 0.9
    assert not changed[125:235, 105:195].any()
    assert not changed[:, 260:].any()


def test_the_winner_decides_the_colour_for_any_classes() -> None:
    box, plain = Box(100, 120, 200, 240), np.zeros((300, 300, 3), np.uint8)
    for labels in (FERPLUS_CLASSES, ("awake", "asleep", "ill")):
        edges = set()
        for winner in range(len(labels)):
            shares = tuple(float(i == winner) for i in range(len(labels)))
            edges.add(tuple(annotate(plain, [Reading(box, 1.0, labels, shares)])[180, 100]))
        assert len(edges) == len(labels)


@pytest.mark.parametrize("labels", [("yes", "no"), ("glücklich", "b", "c"), ("x" * 80, "y")])
def test_other_labels_are_drawn_too(labels: tuple[str, ...]) -> None:
    share = (1 / len(labels),) * len(labels)
    drawn = annotate(noise(200, 200), [Reading(Box(50, 80, 120, 160), 1.0, labels, share)])
    assert not np.array_equal(drawn, noise(200, 200))
