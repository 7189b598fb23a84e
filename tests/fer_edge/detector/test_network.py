from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.detector.card import Head
from fer_edge.detector.decoding import overlaps
from fer_edge.detector.file import DetectorFile, bundled_detectors, read_detector
from fer_edge.detector.network import DetectorNetwork
from fer_edge.errors import ModelError
from fer_edge.model.bundled import find_model
from fer_edge.model.file import read_model
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    """Return the sample photograph at 214x250 pixels; it shows one face."""
    pytest.importorskip("matplotlib")
    return cv2.resize(read_picture(sample_photo()), (214, 250), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def file() -> DetectorFile:
    return read_detector(bundled_detectors()["yunet"])


def test_the_best_face_comes_first_with_its_box_and_score(
    file: DetectorFile, photo: NDArray[np.uint8]
) -> None:
    faces = DetectorNetwork(file).find(photo)
    assert faces.shape == (1, 5)
    assert faces.dtype == np.float32
    assert overlaps(faces, np.array([[71, 54, 148, 140, 1]], np.float32))[0, 0] > 0.7
    assert 0.8 < faces[0, 4] <= 1


def test_a_place_in_the_image_changes_nothing_but_the_place(
    file: DetectorFile, photo: NDArray[np.uint8]
) -> None:
    network = DetectorNetwork(file)
    (alone,) = network.find(photo)
    canvas = np.zeros((320, 320, 3), np.uint8)
    canvas[64 : 64 + 250, 96 : 96 + 214] = photo
    (moved,) = network.find(canvas)
    assert moved[:4] - np.array([96, 64, 96, 64]) == pytest.approx(alone[:4], abs=6)


def test_nothing_of_an_earlier_image_is_seen_in_the_border_of_a_smaller_one(
    file: DetectorFile, photo: NDArray[np.uint8]
) -> None:
    cut = photo[:230, :196]  # padded to 224x256 pixels, like the whole photograph
    reused = DetectorNetwork(file, min_score=0.05)
    reused.find(255 - photo)
    fresh = DetectorNetwork(file, min_score=0.05)
    assert np.array_equal(reused.find(cut), fresh.find(cut))


def test_the_border_below_and_to_the_right_has_no_faces(
    file: DetectorFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    centers = {(0, 0), (107, 50), (214, 100), (218, 50), (107, 104), (-1, 50), (107, -1)}
    boxes = [[x - 9, y - 9, x + 9, y + 9, 0.9] for x, y in centers]
    monkeypatch.setattr(
        "fer_edge.detector.network.Decoder.faces", lambda *_: np.array(boxes, np.float32)
    )
    image = np.zeros((100, 214, 3), np.uint8)  # the network reads 224x128 pixels
    found = DetectorNetwork(file).find(image)
    middles = {((left + right) / 2, (top + low) / 2) for left, top, right, low, _ in found.tolist()}
    assert middles == {(0, 0), (107, 50), (214, 100)}


def test_interpreters_of_the_last_sizes_are_kept_and_older_ones_freed(
    file: DetectorFile, photo: NDArray[np.uint8]
) -> None:
    network = DetectorNetwork(file)
    wide = np.zeros((100, 320, 3), np.uint8)
    network.find(photo)
    kept = network._looks[256, 224]
    network.find(wide)
    network.find(photo)
    assert network._looks[256, 224] is kept
    network.find(photo[:100])
    assert list(network._looks) == [(256, 224), (128, 224)]


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (31, 33), (32, 32), (200, 500)])
def test_an_image_of_any_shape_is_padded(file: DetectorFile, shape: tuple[int, int]) -> None:
    for gray in (0, 128, 255):
        assert len(DetectorNetwork(file).find(np.full((*shape, 3), gray, np.uint8))) == 0


def test_an_image_that_is_a_view_gives_what_its_copy_gives(
    file: DetectorFile, photo: NDArray[np.uint8]
) -> None:
    network = DetectorNetwork(file)
    view = photo[:, ::-1]
    assert np.array_equal(network.find(view), network.find(view.copy()))


def test_a_file_of_one_size_refuses_what_does_not_fit(photo: NDArray[np.uint8]) -> None:
    network = DetectorNetwork(read_detector(bundled_detectors()["yunet-320x192"]))
    assert network.fixed_size == (192, 320)
    assert len(network.find(photo[50:200])) <= 1
    with pytest.raises(ModelError, match="reads 320x192 pixels, got 214x250"):
        network.find(photo)


def test_a_card_that_contradicts_the_graph_is_refused(file: DetectorFile) -> None:
    heads = (*file.card.heads[:2], Head(64, (1.0,) * 6, (0.0,) * 6))
    wrong = replace(file, card=replace(file.card, heads=heads))
    with pytest.raises(ModelError, match="no output has the shape"):
        DetectorNetwork(wrong)
    fixed = replace(file.card.input, is_resizable=False, width=96)
    with pytest.raises(ModelError, match="the card states"):
        DetectorNetwork(replace(file, card=replace(file.card, input=fixed)))


def test_another_network_behind_a_detectors_card_is_refused(file: DetectorFile) -> None:
    flatbuffer = read_model(find_model("tiny")).flatbuffer
    with pytest.raises(ModelError, match=r"other\.tflite"):
        DetectorNetwork(replace(file, flatbuffer=flatbuffer, path=Path("other.tflite")))
