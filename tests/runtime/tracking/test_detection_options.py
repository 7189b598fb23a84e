from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import ConfigError, DetectorError
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.images import Images
from fer_edge.runtime.recognition.config import open_chosen_reader
from fer_edge.runtime.run.command import parse_run
from fer_edge.runtime.tracking.config import FacesConfig, open_chosen_detector, open_chosen_tracker


def parse(*arguments: str) -> FacesConfig:
    """Return the part "faces" of the configuration that results from these arguments."""
    return parse_run(arguments).faces


def test_without_options_yunet_sees_320_pixels_and_every_fifth_frame() -> None:
    pytest.importorskip("matplotlib")
    detector = open_chosen_detector(parse(), is_video=True)
    assert detector.long_side_px == 320
    tracker = open_chosen_tracker(parse(), detector)
    image, detected = read_picture(sample_photo()), []
    for index in range(7):
        (track,) = tracker.follow(Frame(image, index, index / 30, "clip"))
        detected.append(track.is_detected)
    assert detected == [True, False, False, False, False, True, False]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ((), 2),
        (("--max-faces", "1"), 1),
        (("--min-face", "150"), 1),
        (("--min-face", "300"), 0),
        (("--min-score", "0.999"), 0),
        (("--detect-size", "64", "--min-score", "0.7"), 1),  # the smaller face is 13 pixels high
        (("--detector", "haar"), 2),
        (("--detector", "haar", "--min-face", "150"), 1),
        (("--detector", "none"), 1),
    ],
)
def test_options_choose_the_faces(arguments: tuple[str, ...], found: int) -> None:
    pytest.importorskip("matplotlib")
    if "haar" in arguments and not hasattr(cv2, "CascadeClassifier"):
        pytest.skip("OpenCV 5 no longer has cascades")
    photo = read_picture(sample_photo())  # 512 x 600, its face 205 pixels high
    canvas = np.zeros((600, 768, 3), np.uint8)
    canvas[:, :512], canvas[:300, 512:] = photo, photo[::2, ::2]
    config, frame = parse_run(arguments), Frame(canvas, 0, 0.0, "canvas")
    detector = open_chosen_detector(config.faces, is_video=True)
    assert len(open_chosen_tracker(config.faces, detector).follow(frame)) == found
    parts = (config.model, config.faces, config.recognition)
    with open_chosen_reader(*parts, detector=detector, source=Images([canvas])) as reader:
        assert len(reader.read_frame(frame)) == found


def test_a_model_file_goes_to_the_detector_that_is_named(tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    for name, words in (
        ("yunet", "other cannot be read.*expected a face detector"),
        ("haar", "other cannot be used as a cascade|OpenCV 5.* no longer has cascades"),
        ("blazeface", "other cannot be used as BlazeFace"),
        ("none", "does not use a model file"),
    ):
        with pytest.raises((ConfigError, DetectorError), match=words):
            open_chosen_detector(
                parse("--detector", name, "--detector-model", other), is_video=True
            )


def test_a_cascade_whose_name_is_no_utf8_is_refused_since_opencv_would_crash() -> None:
    with pytest.raises(DetectorError, match=r"not UTF-8; rename it|no longer has cascades"):
        open_chosen_detector(
            parse("--detector", "haar", "--detector-model", "other\udcff"), is_video=True
        )


def test_a_photograph_gets_the_finer_detector_and_a_size_that_is_asked_for() -> None:
    assert open_chosen_detector(parse(), is_video=False).long_side_px == 1280
    chosen = open_chosen_detector(parse("--detect-size", "640"), is_video=False)
    assert chosen.long_side_px == 640
