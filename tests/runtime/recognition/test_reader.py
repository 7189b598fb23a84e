import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge import UNCERTAIN, Recognizer
from fer_edge.faces.preprocess import Box, crop, model_input
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.detection.detector import Detection
from fer_edge.runtime.recognition.reader import Reader
from tests.support.cartoons import draw_face


class TwoFaces:
    """Detector that finds the same two faces in every frame."""

    faces = (Detection(Box(10, 10, 50, 60), 0.9), Detection(Box(-20, 30, 15, 70), 0.7))

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        return list(self.faces)


def frame(label: int = 3) -> NDArray[np.uint8]:
    return cv2.cvtColor(draw_face(label, 0, size_px=100), cv2.COLOR_GRAY2BGR)


def test_every_face_is_cut_by_the_policy_of_the_card_and_read() -> None:
    model = open_model(bundled_models()[DEFAULT_MODEL])
    with Reader(model, TwoFaces()) as reader:
        image = frame()
        faces = reader.read_frame(Frame(image, 0, 0.0, "drawn")).faces
        assert [face.box for face in faces] == [face.box for face in TwoFaces.faces]
        assert [face.score for face in faces] == [0.9, 0.7]
        policy = model.file.card.input.crop
        for face in faces:
            cut = crop(image, face.box, policy)
            wanted = model.probabilities(model_input(cut, *model.input_size))
            assert np.array_equal(np.float32([*face.probabilities.values()]), wanted)
            assert tuple(face.probabilities) == model.labels
            assert np.array_equal(cv2.cvtColor(face.crop(), cv2.COLOR_BGR2GRAY), cut)


@pytest.mark.parametrize("limits", [{"min_face_px": 45}, {"max_faces": 1}])
def test_faces_beyond_the_limits_are_ignored_but_not_forgotten(limits: dict[str, int]) -> None:
    large, small = (face.box for face in TwoFaces.faces)
    with Reader(open_model(bundled_models()[DEFAULT_MODEL]), TwoFaces(), **limits) as reader:
        result = reader.read_frame(Frame(frame(), 0, 0.0, "drawn"))
    assert [face.box for face in result] == [large]
    assert result.ignored == (small,)


def test_a_crop_is_read_as_it_is_when_there_is_no_detector() -> None:
    image = draw_face(3, 0)
    with Recognizer(detector="none") as recognizer:
        (face,) = recognizer.read(image)
    with open_model(bundled_models()[DEFAULT_MODEL]) as model:
        wanted = model.probabilities(model.input_of(image))
    assert np.array_equal(np.float32([*face.probabilities.values()]), wanted)
    assert face.box == Box(0, 0, 48, 48)
    assert np.array_equal(face.crop(), cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))


@pytest.mark.parametrize(("threshold", "is_uncertain"), [(0.0, False), (0.4, None), (1.0, True)])
def test_a_face_on_which_nothing_is_likely_is_uncertain(
    threshold: float, is_uncertain: bool | None
) -> None:
    seen = set()
    with Recognizer(detector="none", uncertain_below=threshold) as recognizer:
        for label in range(7):
            (face,) = recognizer.read(frame(label))
            most = max(face.probabilities, key=face.probabilities.__getitem__)
            assert face.probability == face.probabilities[most]
            assert face.label == (UNCERTAIN if face.probability < threshold else most)
            seen.add(face.label == UNCERTAIN)
    assert seen == ({is_uncertain} if is_uncertain is not None else {True, False})


def test_a_face_without_a_finite_output_is_uncertain(monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_model(bundled_models()[DEFAULT_MODEL])
    monkeypatch.setattr(model, "probabilities", lambda pixels: np.full(7, np.nan, np.float32))
    with Reader(model, TwoFaces(), uncertain_below=0) as reader:
        face = reader.read_frame(Frame(frame(), 0, 0.0, "drawn"))[0]
    assert face.label == UNCERTAIN
    assert [*face.probabilities.values()] == pytest.approx([1 / 7] * 7)


def test_an_image_is_left_as_it_was() -> None:
    image = frame()
    before = image.copy()
    with Recognizer(detector=lambda image: [(10, 10, 50, 60)]) as recognizer:
        result = recognizer.read(image)
        result[0].crop()[:] = 0
        result.draw()[:] = 0
    assert np.array_equal(image, before)
