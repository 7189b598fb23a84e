import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.detector.card import Head
from fer_edge.detector.decoding import MOST_CANDIDATES, Decoder, overlaps, without_doubles

HEAD = Head(8, (3.0, 3.0, 2.0, 2.0, 6.0, 6.0), (0.5, 0.5, 1.0, 1.0, 0.0, 0.0))
SCALE, ZERO_POINT = 1 / 128, 0


def tensor(dtype: type) -> dict[str, object]:
    quantization = (
        (0.0, 0) if dtype == np.float32 else (SCALE, ZERO_POINT + 128 * (dtype == np.uint8))
    )
    return {"shape": (1, 4, 5, 6), "dtype": dtype, "quantization": quantization}


def output_of(real: NDArray[np.float32], dtype: type) -> NDArray[np.float32]:
    """Return the output of a head for these real values, float32 (4, 5, 6), in a dtype."""
    normal = (real - np.array(HEAD.offsets)) / np.array(HEAD.scales)
    if dtype == np.float32:
        return normal.astype(np.float32)[np.newaxis]
    info = tensor(dtype)["quantization"]
    numbers = np.rint(normal / info[0] + info[1])  # type: ignore[index]
    return numbers.clip(np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)[np.newaxis]


@pytest.fixture
def real() -> NDArray[np.float32]:
    """Return the network's own real outputs for one face in row 2, column 3."""
    cells = np.zeros((4, 5, 6), np.float32)
    cells[..., 4:] = -5.0
    cells[2, 3] = (0.25, -0.5, np.log(3), np.log(4), 3.0, 1.0)
    return cells


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8])
def test_a_cell_becomes_a_box_around_its_center(dtype: type, real: NDArray[np.float32]) -> None:
    (face,) = Decoder([HEAD], [tensor(dtype)], 0.6).faces([output_of(real, dtype)])
    # center (3 + 0.25, 2 - 0.5) * 8, sides 3 * 8 and 4 * 8
    step = 0 if dtype == np.float32 else 0.4
    assert face[:4] == pytest.approx([26 - 12, 12 - 16, 26 + 12, 12 + 16], abs=step + 1e-4)
    expected = np.sqrt(1 / (1 + np.exp(-3)) / (1 + np.exp(-1)))
    assert face[4] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint8])
def test_what_passes_is_the_same_as_by_computing_every_score(dtype: type) -> None:
    random = np.random.default_rng(0)
    cells = random.normal(0, 3, (4, 5, 6)).astype(np.float32)
    output = output_of(cells, dtype)
    everything = Decoder([HEAD], [tensor(dtype)], 0.0).faces([output])
    assert len(everything) == 20
    for least in (0.05, 0.3, 0.6, 0.9):
        found = Decoder([HEAD], [tensor(dtype)], least).faces([output])
        assert np.array_equal(found, everything[everything[:, 4] >= np.float32(least)])


def test_numbers_that_are_not_finite_are_no_faces(real: NDArray[np.float32]) -> None:
    for place in range(6):
        broken = output_of(real, np.float32)
        broken[0, 2, 3, place] = np.nan
        assert len(Decoder([HEAD], [tensor(np.float32)], 0.6).faces([broken])) == 0


def face(left: float, top: float, side: float, score: float) -> list[float]:
    return [left, top, left + side, top + side, score]


def test_of_boxes_of_one_face_the_surest_stays() -> None:
    faces = np.array(
        [face(0, 0, 10, 0.7), face(1, 1, 10, 0.9), face(40, 0, 10, 0.6), face(2, 0, 10, 0.8)],
        np.float32,
    )
    assert without_doubles(faces)[:, 4] == pytest.approx([0.9, 0.6])
    assert len(without_doubles(faces[:0])) == 0


def test_a_box_that_only_overlaps_a_dropped_one_stays() -> None:
    # the middle box overlaps both others, which do not overlap each other
    faces = np.array([face(0, 0, 10, 0.9), face(5, 0, 10, 0.8), face(10, 0, 10, 0.7)], np.float32)
    assert without_doubles(faces)[:, 0].tolist() == [0, 10]


def test_a_crowd_is_thinned_as_by_comparing_one_by_one() -> None:
    random = np.random.default_rng(1)
    places = random.uniform(0, 200, (700, 2))
    rows = [face(x, y, 12, s) for (x, y), s in zip(places, random.uniform(size=700), strict=True)]
    faces = np.array(rows, np.float32)
    kept: list[int] = []
    for at in np.argsort(-faces[:, 4]):
        if not kept or overlaps(faces[at : at + 1], faces[kept]).max() <= 0.3:
            kept.append(int(at))
    assert np.array_equal(without_doubles(faces), faces[kept])


def test_of_very_many_boxes_the_surest_are_compared() -> None:
    count = MOST_CANDIDATES + 50
    faces = np.array(
        [face(20 * at, 0, 10, 1 - at / (2 * count)) for at in range(count)], np.float32
    )
    assert len(without_doubles(faces)) == MOST_CANDIDATES
