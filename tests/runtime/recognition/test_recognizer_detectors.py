"""The detectors of `fer_edge.Recognizer`: by name with settings, and the caller's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge import (
    Box,
    ConfigError,
    Detection,
    DetectorError,
    DetectorSettings,
    PluginError,
    Recognizer,
)
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.images import Images

BLACK = np.zeros((80, 100, 3), np.uint8)
BOX = Box(10.0, 20.0, 50.0, 70.0)


class Finds:
    """Detector object of the caller, which returns the same for every image."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def detect(self, image: NDArray[np.uint8]) -> Any:
        return self._found


BOTH_FORMS = pytest.mark.parametrize(
    "form", [lambda found: lambda image: found, Finds], ids=["function", "object"]
)


@BOTH_FORMS
@pytest.mark.parametrize(
    "found",
    [
        [(10, 20, 50, 70)],
        ([10, 20, 50, 70],),
        np.array([[10, 20, 50, 70]], np.float32),
        [BOX],
        (Detection(BOX, 1.0),),
        [Detection(Box(*np.array(BOX.edges)), np.float32(1))],
    ],
    ids=["tuples", "lists", "array", "Box", "Detection", "NumPy numbers"],
)
def test_what_gives_boxes_is_a_detector(form: Callable[[Any], Any], found: Any) -> None:
    with Recognizer(detector=form(found)) as recognizer:
        result = recognizer.read(BLACK)
    (face,) = result
    assert (face.box, face.score, face.track) == (BOX, 1.0, None)
    assert {type(number) for number in (*face.box.edges, face.score)} == {float}
    assert json.loads(json.dumps(result.to_dict()))["faces"][0]["box"] == [10, 20, 50, 70]


def test_an_own_detector_sees_the_whole_picture_and_is_followed() -> None:
    seen = []

    def find(image: NDArray[np.uint8]) -> list[tuple[float, ...]]:
        seen.append(image.shape)
        return [BOX.edges]

    frames = [np.full((1200, 1600, 3), 90, np.uint8)] * 3
    with Recognizer(detector=find) as recognizer:
        results = list(recognizer.stream(frames, frame_rate_hz=10))
        again = list(recognizer.stream(frames, frame_rate_hz=10))
    assert set(seen) == {(1200, 1600, 3)}
    assert [result[0].track for result in (*results, *again)] == [1] * 6
    for result in results:
        assert result[0].box.edges == pytest.approx(BOX.edges)


@BOTH_FORMS
def test_own_detections_are_left_out_below_a_least_score_that_is_given(
    form: Callable[[Any], Any],
) -> None:
    detector = form([Detection(BOX, 0.5), Detection(Box(0, 0, 60, 60), 0.7)])
    for least, scores in ((0.6, [0.7]), (0.0, [0.7, 0.5]), (None, [0.7, 0.5])):
        settings = DetectorSettings(min_score=least)
        with Recognizer(detector=detector, detector_settings=settings) as recognizer:
            assert [face.score for face in recognizer.read(BLACK)] == scores


@pytest.mark.parametrize(
    "settings",
    [
        DetectorSettings(model=Path("x")),
        DetectorSettings(long_side_px=64),
        DetectorSettings(delegate="edgetpu"),
    ],
)
def test_settings_that_an_own_detector_does_not_get_are_refused(
    settings: DetectorSettings,
) -> None:
    with pytest.raises(ConfigError, match="for your own detector, expected only min_score"):
        Recognizer(detector=Finds([]), detector_settings=settings)


def test_the_recognizer_chooses_the_mode_of_the_detector() -> None:
    with pytest.raises(ConfigError, match="is_photo is True, expected the default"):
        Recognizer(detector_settings=DetectorSettings(is_photo=True))


def test_the_detector_of_a_photograph_and_of_a_video_has_the_settings() -> None:
    pytest.importorskip("matplotlib")
    photo = read_picture(sample_photo())  # 512 x 600, its face 205 pixels high
    canvas = np.zeros((1200, 1600, 3), np.uint8)
    canvas[:600, :512], canvas[900:975, 1200:1264] = photo, cv2.resize(photo, (64, 75))
    with Recognizer() as recognizer:
        assert len(recognizer.read(canvas)) == 2  # the mode for photographs finds the small one
        assert len(next(recognizer.stream([canvas], frame_rate_hz=10))) == 1
    for more in ({"max_faces": 1}, {"min_face_px": 150}):
        with Recognizer(**more) as recognizer:  # type: ignore[arg-type]
            assert len(recognizer.read(canvas)) == 1
    for settings in (DetectorSettings(long_side_px=64), DetectorSettings(min_score=0.9999)):
        with Recognizer(detector_settings=settings) as recognizer:
            assert len(recognizer.read(canvas)) <= 1
            assert len(next(recognizer.stream([canvas], frame_rate_hz=10))) <= 1
    with Recognizer(min_face_px=300) as recognizer:
        assert len(next(recognizer.stream([canvas], frame_rate_hz=10))) == 0


def test_an_exception_of_the_callers_own_detector_is_the_callers() -> None:
    def find(image: NDArray[np.uint8]) -> list[Box]:
        raise KeyError("camera")

    with Recognizer(detector=find) as recognizer, pytest.raises(KeyError, match="camera"):
        recognizer.read(BLACK)


@BOTH_FORMS
@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "expected boxes from the detector, got NoneType"),
        ([(1, 2, 3)], r"expected boxes of \(left, top, right, bottom\)"),
        ((10, 20, 50, 70), "got 10"),
        ([("a", "b", "c", "d")], "got \\('a'"),
        ([(0, 0, float("nan"), 9)], "expected finite numbers"),
        ([(0, 0, float("inf"), 9)], "expected finite numbers"),
        ([Detection(Box(0, 0, float("nan"), 9))], "expected finite numbers"),
        ([Detection(BOX, "high")], "got Detection"),
        ([Detection(None)], "got Detection"),
        ([Detection(BOX, 7.5)], "expected scores from 0 to 1"),
        (["1234"], "expected boxes"),
        ([(0, 0, 10**400, 9)], "expected boxes"),
    ],
)
def test_what_is_no_box_is_refused_in_one_line(
    form: Callable[[Any], Any], found: Any, words: str
) -> None:
    with Recognizer(detector=form(found)) as recognizer:
        with pytest.raises(DetectorError, match=words) as caught:
            recognizer.read(BLACK)
        with pytest.raises(DetectorError, match=words):
            next(recognizer.stream([BLACK], frame_rate_hz=10))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("detector", ["yunett", ""])
def test_a_name_of_no_detector_is_told_with_those_there_are(detector: str) -> None:
    with pytest.raises(PluginError, match=r"does not exist; expected one of blazeface, haar, none"):
        Recognizer(detector=detector)


@pytest.mark.parametrize("detector", [None, 3, Images])
def test_what_is_no_detector_is_refused(detector: Any) -> None:
    with pytest.raises(DetectorError, match=r"^expected "):
        Recognizer(detector=detector)


def test_a_box_that_no_image_has_is_refused_before_it_takes_memory() -> None:
    with (
        Recognizer(detector=lambda image: [(-1e5, -1e5, 1e5, 1e5)]) as recognizer,
        pytest.raises(DetectorError, match=r"pixels large in an image of 100x80; expected the box"),
    ):
        recognizer.read(BLACK)
