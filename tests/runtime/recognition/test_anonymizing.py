from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.faces.preprocess import Box
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.detection.detector import Detection
from fer_edge.runtime.detection.yunet import YuNet
from fer_edge.runtime.recognition.anonymizing import (
    COVER_MIN_SCORE,
    HOLD_S,
    AnonymizingReader,
    Style,
    anonymize,
)
from fer_edge.runtime.recognition.result import Face, Result

from ...support.results import make_face, noise

STYLES: tuple[Style, ...] = get_args(Style)
FACE = Box(120, 100, 200, 210)


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    pytest.importorskip("matplotlib")
    image = cv2.imread(str(sample_photo()))
    assert image is not None
    return image.astype(np.uint8, copy=False)


class Blind:
    """Detector that finds no face."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        return []


class Sees(Blind):
    """Detector that finds faces at the given boxes."""

    def __init__(self, *boxes: Box) -> None:
        self.boxes = boxes

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        return [Detection(box, 0.35) for box in self.boxes]


class Reads:
    """Reader that returns faces at the given boxes, and keeps the image that it got."""

    def __init__(self, *boxes: Box) -> None:
        self.boxes = boxes

    def read_frame(self, frame: Frame) -> Result:
        self.seen = frame.image
        return Result(frame, tuple(make_face(box=box) for box in self.boxes))


def changed(image: NDArray[np.uint8], covered: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (image != covered).any(axis=2)


@pytest.mark.parametrize("style", STYLES)
def test_the_whole_head_is_covered_and_the_rest_is_not(style: Style) -> None:
    image = noise()
    before = image.copy()
    covered = anonymize(image, [make_face(box=FACE)], style)
    assert np.array_equal(image, before)
    mask = changed(image, covered)
    assert mask[100:210, 120:200].mean() > 0.99  # the face with its corners
    assert mask[70:220, 150:170].mean() > 0.99  # hair and chin
    assert mask[150:160, 104:216].mean() > 0.99  # ears
    assert not mask[:40].any()
    assert not mask[250:].any()
    assert not mask[:, :80].any()


def test_a_face_that_is_cut_out_is_covered_too() -> None:
    frame = Frame(noise(), 0, 0.0, "noise")

    class Recognizes(Reads):
        def read_frame(self, frame: Frame) -> Result:
            result = super().read_frame(frame)
            faces = tuple(replace(face, frame_pixels=frame.image) for face in result)
            return replace(result, faces=faces)

    (face,) = AnonymizingReader(Recognizes(FACE), Blind(), "box").read_frame(frame)
    assert len(np.unique(face.crop()[70:150, 120:200].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("style", STYLES)
def test_nothing_of_the_face_can_be_brought_back(style: Style) -> None:
    """Two faces with equal coarse averages look equal after covering: no detail is left."""
    smooth = np.full((300, 320, 3), 128, np.uint8)
    fine = smooth.copy()
    fine[::2, ::2] += 60
    fine[1::2, 1::2] -= 60  # detail that averages out
    face = make_face(box=FACE)
    a, b = (anonymize(image, [face], style)[110:200, 125:195] for image in (smooth, fine))
    assert np.abs(a.astype(int) - b).max() <= 8  # one step of the coarse colors


@pytest.mark.parametrize("style", STYLES)
def test_few_values_are_left_whatever_the_face_s_size(style: Style) -> None:
    for times in (0.5, 1, 4):
        box = Box(*(times * edge for edge in (120, 100, 200, 210)))
        image = noise(int(300 * times), int(320 * times))
        covered = anonymize(image, [make_face(box=box)], style)
        face = covered[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
        if style == "blur":
            shades = cv2.Laplacian(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), cv2.CV_64F)
            assert np.abs(shades).mean() < 3 / times**0.5
        else:
            assert len(np.unique(face.reshape(-1, 3), axis=0)) <= 48


@pytest.mark.parametrize("style", STYLES)
def test_the_detector_finds_no_face_any_more(style: Style, photo: NDArray[np.uint8]) -> None:
    detector = YuNet(min_score=0.75)  # a blurred head still gets a middle score
    faces = detector.detect(photo)
    assert len(faces) == 1
    covered = anonymize(photo, [make_face(box=faces[0].box)], style)
    assert detector.detect(covered) == []


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [(1, 1), (9, 9), (100, 120)])
@pytest.mark.parametrize(
    "box",
    [
        Box(20, 20, 60, 70),
        Box(0, 0, 99999, 99999),
        Box(-50, -50, 10, 10),
        Box(80, 70, 140, 130),
        Box(-90, -90, -80, -80),
        Box(3.4, 2.6, 3.5, 2.7),
    ],
)
def test_a_face_anywhere_is_covered_on_a_picture_of_any_size(
    style: Style, size: tuple[int, int], box: Box
) -> None:
    image = noise(*size)
    covered = anonymize(image, [make_face(box=box)], style)
    assert (covered.shape, covered.dtype) == (image.shape, np.uint8)
    height, width = size
    inner = changed(image, covered)[
        max(0, round(box.top)) : max(0, min(height, round(box.bottom))),
        max(0, round(box.left)) : max(0, min(width, round(box.right))),
    ]
    if inner.size > 100:
        assert inner.mean() > 0.95


def test_the_reader_sees_the_face_and_the_outputs_do_not() -> None:
    reader = Reads(FACE)
    image = noise()
    result = AnonymizingReader(reader, Blind(), "box").read_frame(Frame(image, 0, 0.0, "x"))
    assert np.array_equal(reader.seen, image)
    assert changed(image, result.frame.image)[100:210, 120:200].mean() > 0.99
    assert result.faces[0].box == FACE


def test_a_face_that_is_found_and_not_read_is_covered_too() -> None:
    covering = AnonymizingReader(Reads(), Sees(FACE), "box")
    result = covering.read_frame(Frame(noise(), 0, 0.0, "x"))
    assert changed(noise(), result.frame.image)[100:210, 120:200].mean() > 0.99
    assert result.faces == ()


def test_a_face_that_recognition_ignores_is_covered_too() -> None:
    class Ignores(Reads):
        def read_frame(self, frame: Frame) -> Result:
            return replace(super().read_frame(frame), ignored=(FACE,))

    result = AnonymizingReader(Ignores(), Blind(), "box").read_frame(Frame(noise(), 0, 0.0, "x"))
    assert changed(noise(), result.frame.image)[100:210, 120:200].mean() > 0.99


def test_faces_that_only_the_search_for_covering_finds_are_all_covered() -> None:
    boxes = [Box(x, y, x + 10, y + 12) for x in range(0, 500, 20) for y in range(0, 500, 50)]
    assert len(boxes) == 250
    image = noise(500, 500)
    result = AnonymizingReader(Reads(), Sees(*boxes), "box").read_frame(Frame(image, 0, 0.0, "x"))
    covered = changed(image, result.frame.image)
    assert min(covered[int(b.top) + 2, int(b.left) + 5] for b in boxes)


def test_a_face_that_is_lost_stays_covered_for_a_while_and_more_widely() -> None:
    reader = Reads(FACE)
    covering = AnonymizingReader(reader, Blind(), "box")
    areas = []
    for time_s in (0.0, 0.5, 0.9, HOLD_S + 0.01):
        result = covering.read_frame(Frame(noise(), 0, time_s, "camera 0"))
        areas.append(int(changed(noise(), result.frame.image).sum()))
        reader.boxes = ()
    assert 0 < areas[0] < areas[1] < areas[2]
    assert areas[3] == 0


def test_a_face_that_moves_is_not_covered_where_it_was() -> None:
    reader = Reads(FACE)
    covering = AnonymizingReader(reader, Blind(), "box")
    covering.read_frame(Frame(noise(), 0, 0.0, "camera 0"))
    reader.boxes = (Box(130, 105, 210, 215),)
    result = covering.read_frame(Frame(noise(), 1, 0.1, "camera 0"))
    assert not changed(noise(), result.frame.image)[:, :100].any()


def test_another_picture_has_nothing_of_the_one_before() -> None:
    reader = Reads(FACE)
    covering = AnonymizingReader(reader, Blind(), "box")
    covering.read_frame(Frame(noise(), 0, 0.0, "a.jpg"))
    reader.boxes = ()
    result = covering.read_frame(Frame(noise(), 1, 0.0, "b.jpg"))
    assert np.array_equal(result.frame.image, noise())


def test_five_hundred_faces_are_covered() -> None:
    boxes = [Box(x, y, x + 10, y + 12) for x in range(0, 500, 20) for y in range(0, 500, 25)]
    assert len(boxes) == 500
    covering = AnonymizingReader(Reads(*boxes), Sees(*boxes), "pixelate")
    image = noise(500, 500)
    for time_s in (0.0, 0.1):
        result = covering.read_frame(Frame(image, 0, time_s, "x"))
        covered = changed(image, result.frame.image)
        assert min(covered[int(b.top) + 2, int(b.left) + 5] for b in boxes)


def test_a_dim_and_small_face_is_covered_though_it_is_not_read(
    photo: NDArray[np.uint8],
) -> None:
    """At the reader's minimum score, this face would be neither read nor covered."""
    random = np.random.default_rng(0)
    for side in range(24, 60, 2):
        small = cv2.resize(photo, (side * 512 // 600, side), interpolation=cv2.INTER_AREA)
        image = np.full((240, 320, 3), 40, np.uint8)
        image[90 : 90 + side, 140 : 140 + small.shape[1]] = small // 2
        image = np.clip(image + random.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
        read = YuNet(min_score=0.6).detect(image)
        found = YuNet(min_score=COVER_MIN_SCORE).detect(image)
        if found and not read:
            break
    else:
        pytest.fail("no picture on which the two limits differ")
    covering = AnonymizingReader(Reads(), YuNet(min_score=COVER_MIN_SCORE), "box")
    result = covering.read_frame(Frame(image, 0, 0.0, "x"))
    assert changed(image, result.frame.image).sum() > side * side / 8


def test_readings_are_handed_on_as_they_are() -> None:
    face: Face = make_face(box=FACE)

    class Exact:
        def read_frame(self, frame: Frame) -> Result:
            return Result(frame, (face,), dropped=3)

    result = AnonymizingReader(Exact(), Blind(), "blur").read_frame(Frame(noise(), 5, 1.0, "x"))
    assert (result.faces, result.dropped, result.frame.index) == ((face,), 3, 5)
