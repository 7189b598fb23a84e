"""Faces and results as values: equality, immutability, crops, use with other libraries."""

import pickle
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from fer_edge import UNCERTAIN, Box, Face, Frame, MissingExtraError, Recognizer, Result, SourceError
from tests.support.cartoons import draw_face

BLACK = np.zeros((80, 100, 3), np.uint8)
BOX = Box(10.0, 20.0, 50.0, 70.0)


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    with Recognizer(detector="none") as opened:
        yield opened


def test_faces_and_results_are_values(recognizer: Recognizer) -> None:
    result = recognizer.read(draw_face(3, 0, size_px=100))
    face = result[0]
    assert list(result) == list(result.faces) == [face]
    assert (len(result), bool(recognizer.read(BLACK))) == (1, True)
    assert tuple(face.probabilities) == recognizer.labels == recognizer.card.labels
    assert face.probability == face.probabilities.get(face.label, max(face.probabilities.values()))
    assert face.to_dict() == result.to_dict()["faces"][0]
    same = recognizer.read(draw_face(3, 0, size_px=100))
    assert same[0] == face
    assert len({face, same[0]}) == 1
    assert pickle.loads(pickle.dumps(face)) == face
    with pytest.raises(FrozenInstanceError):
        face.label = "happy"  # type: ignore[misc]
    with pytest.raises(TypeError):
        face.probabilities["happy"] = 1.0  # type: ignore[index]
    with pytest.raises(KeyError, match="'joy'"):
        face.probabilities["joy"]
    assert len(repr(result)) < 700


def test_a_crop_is_square_bgr_of_its_own_also_at_the_edge() -> None:
    image = np.random.default_rng(0).integers(0, 256, (80, 100, 3), dtype=np.uint8)
    for box in (BOX, Box(-30.0, -20.0, 20.0, 60.0), Box(90.0, 10.0, 300.0, 90.0)):
        with Recognizer(detector=lambda image, box=box: [box]) as recognizer:
            (face,) = recognizer.read(image)
        cut = face.crop()
        side = round(recognizer.card.input.crop.side * face.placement.scale * box.height)
        assert (cut.shape, cut.dtype) == ((side, side, 3), np.uint8)
        assert not np.shares_memory(cut, image)


def test_a_face_without_a_frame_cannot_be_cut() -> None:
    with pytest.raises(SourceError, match="has no frame_image"):
        Face("happy", {"happy": 1.0}, BOX, 1.0).crop()


def test_a_face_copies_no_pixels() -> None:
    image = np.zeros((2000, 3000, 3), np.uint8)
    with Recognizer(detector=lambda image: [(n, n, n + 40, n + 50) for n in range(9)]) as opened:
        opened.read(image)
        tracemalloc.start()
        kept = [opened.read(image) for _ in range(4)]
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert all(face.frame_image is image for result in kept for face in result)
    assert held < 200_000  # one frame takes 18 million bytes


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_result_is_pickled_by_every_protocol(recognizer: Recognizer, protocol: int) -> None:
    result = recognizer.read(BLACK)
    copy = pickle.loads(pickle.dumps(result, protocol))
    assert copy == result
    assert (copy.frame.image == result.frame.image).all()


def test_without_supervision_it_is_named(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "supervision", None)
    with pytest.raises(MissingExtraError, match="pip install supervision"):
        recognizer.read(BLACK).to_supervision()


def test_supervision_takes_the_faces(recognizer: Recognizer) -> None:
    supervision = pytest.importorskip("supervision")
    for results in (
        [recognizer.read(BLACK)],
        list(recognizer.stream([BLACK], frame_rate_hz=10)),
        [Result(Frame(BLACK, 0, 0.0, "none"), ())],
        [Result(Frame(BLACK, 0, 0.0, "none"), (Face(UNCERTAIN, {"a": 0.5, "b": 0.5}, BOX, 1.0),))],
    ):
        for result in results:
            found = result.to_supervision()
            assert found.xyxy.shape == (len(result), 4)
            assert found.xyxy.dtype == np.float32
            assert found.data["class_name"].tolist() == [face.label for face in result]
            assert (found.tracker_id is not None) == any(face.track for face in result)
            for annotator in (supervision.BoxAnnotator(), supervision.LabelAnnotator()):
                annotator.annotate(result.frame.image.copy(), found)
