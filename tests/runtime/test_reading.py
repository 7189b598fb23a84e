import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.errors import DetectorError, ModelError
from fer_edge.faces import Box, crop, model_input
from fer_edge.interpreter import open_model
from fer_edge.runtime import Face, Reader, open_reader
from fer_edge.runtime.faces.detection import Detection
from fer_edge.runtime.result import UNCERTAIN
from tests.conftest import draw_face


class TwoFaces:
    """Finds the same two faces in every frame."""

    finds_crops = False
    faces = (Detection(Box(10, 10, 50, 60), 0.9), Detection(Box(-20, 30, 15, 70), 0.7))

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        return list(self.faces)


def frame(label: int = 3) -> NDArray[np.uint8]:
    return cv2.cvtColor(draw_face(label, 0, size_px=100), cv2.COLOR_GRAY2BGR)


def test_every_face_is_cut_by_the_policy_of_the_card_and_read() -> None:
    model = open_model(bundled_models()[DEFAULT_MODEL])
    with Reader(model, TwoFaces()) as reader:
        image = frame()
        faces = reader.read(image)
        assert [face.box for face in faces] == [face.box for face in TwoFaces.faces]
        assert [face.detection for face in faces] == [0.9, 0.7]
        policy = model.file.card.input.crop
        for face in faces:
            cut = crop(image, face.box, policy)
            wanted = model.probabilities(model_input(cut, *model.input_size))
            assert np.array_equal(np.array(face.probabilities, np.float32), wanted)
            assert face.labels == model.labels


def test_a_crop_is_read_as_it_is_when_there_is_no_detector() -> None:
    image = draw_face(3, 0)
    with open_reader(detector="none") as reader:
        (face,) = reader.read(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR))
        wanted = reader.model.probabilities(image[..., np.newaxis])
    assert np.array_equal(np.array(face.probabilities, np.float32), wanted)
    assert face.box == Box(0, 0, 48, 48)


def test_a_reading_knows_its_likeliest_label() -> None:
    face = Face(Box(0, 0, 1, 1), 1.0, ("a", "b", "c"), (0.2, 0.5, 0.3))
    assert (face.label, face.probability) == ("b", 0.5)


@pytest.mark.parametrize(("threshold", "is_uncertain"), [(0.0, False), (0.4, None), (1.0, True)])
def test_a_face_on_which_nothing_is_likely_is_uncertain(
    threshold: float, is_uncertain: bool | None
) -> None:
    faces = [frame(label) for label in range(7)]
    seen = set()
    with open_reader(detector="none", uncertain_below=threshold) as reader:
        for image in faces:
            (face,) = reader.read(image)
            most = max(face.probabilities)
            assert face.probability == most
            if most < threshold:
                assert face.label == face.steady == UNCERTAIN
            else:
                assert face.steady is None
                assert face.label == face.labels[face.probabilities.index(most)]
            seen.add(face.label == UNCERTAIN)
    assert seen == ({is_uncertain} if is_uncertain is not None else {True, False})


def test_an_image_is_left_as_it_was() -> None:
    image = frame()
    before = image.copy()
    with Reader(open_model(bundled_models()[DEFAULT_MODEL]), TwoFaces()) as reader:
        reader.read(image)
    assert np.array_equal(image, before)


def test_what_cannot_be_opened_is_refused() -> None:
    with pytest.raises(ModelError):
        open_reader("no-such-model")
    with pytest.raises(DetectorError):
        open_reader(detector_model=bundled_models()[DEFAULT_MODEL])
