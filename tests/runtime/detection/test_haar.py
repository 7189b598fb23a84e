import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge import Recognizer
from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.detection.haar import Haar
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.detection.overlap import overlap
from fer_edge.runtime.detection.yunet import YuNet


@pytest.fixture(scope="module")
def haar() -> Haar:
    return Haar()


def test_its_boxes_are_framed_as_yunet_frames_them(haar: Haar) -> None:
    pytest.importorskip("matplotlib")
    image = read_picture(sample_photo())
    (wanted,) = YuNet().detect(image)
    (face,) = haar.detect(image)
    assert face.score == 1.0
    assert overlap(face.box, wanted.box) > 0.7
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (face,) = haar.detect(small)
    assert overlap(Box(*(2 * edge for edge in face.box.edges)), wanted.box) > 0.7


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (1, 400), (400, 1), (20, 20), (1000, 30)])
def test_an_image_of_any_size_is_taken(haar: Haar, size: tuple[int, int]) -> None:
    assert haar.detect(np.zeros((*size, 3), np.uint8)) == []


def test_it_warns_that_it_is_worse_and_slower(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        open_detector("haar")
    (message,) = caplog.messages
    assert "far fewer faces than yunet" in message


@pytest.mark.parametrize("content", [None, b"", b"<xml/>", b"<?xml version='1.0'?><a></a>", b"\0"])
def test_a_file_that_is_no_cascade_is_refused_when_it_is_named(
    tmp_path: Path, content: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other file.xml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DetectorError, match=r"other file\.xml cannot be used as a cascade"):
        Haar(path)
    assert capfd.readouterr().err == ""


def test_an_opencv_without_cascades_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2.data, "haarcascades", "/nowhere/")
    with pytest.raises(DetectorError, match=r"has no haarcascade_frontalface_alt2\.xml"):
        Haar()
    monkeypatch.delattr(cv2, "CascadeClassifier")
    for model in (None, Path("own.xml")):
        with pytest.raises(DetectorError, match="no longer has cascades; run: pip install"):
            Haar(model)


def test_the_front_door_takes_it() -> None:
    pytest.importorskip("matplotlib")
    with Recognizer(detector="haar") as recognizer:
        assert len(recognizer.read(sample_photo())) == 1
        assert [len(result) for result in recognizer.stream([sample_photo()])] == [1]
