from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.detector.file import bundled_detectors
from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.model.bundled import find_model
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.detection.cover_yunet import CoverYuNet
from fer_edge.runtime.detection.detector import Detection, select
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.detection.overlap import overlap
from fer_edge.runtime.detection.yunet import PhotoYuNet, YuNet, join_looks


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    """A photograph of 512 x 600 pixels with a face 205 pixels high."""
    pytest.importorskip("matplotlib")
    return read_picture(sample_photo())


def test_the_face_on_the_sample_photograph_is_found_where_it_is() -> None:
    pytest.importorskip("matplotlib")
    image = read_picture(sample_photo())  # 512 x 600
    (face,) = YuNet().detect(image)
    assert face.score > 0.8
    assert overlap(face.box, Box(170, 130, 355, 335)) > 0.7


@pytest.mark.parametrize("long_side_px", [160, 320, 640])
def test_boxes_are_in_pixels_of_the_frame_whatever_the_network_sees(long_side_px: int) -> None:
    pytest.importorskip("matplotlib")
    image = read_picture(sample_photo())
    (wanted,) = YuNet().detect(image)
    large = cv2.resize(image, None, fx=2, fy=2)
    (face,) = YuNet(long_side_px=long_side_px).detect(large)
    halved = Box(
        *(edge / 2 for edge in (face.box.left, face.box.top, face.box.right, face.box.bottom))
    )
    assert overlap(halved, wanted.box) > 0.8


def test_two_faces_come_the_larger_one_first_and_at_most_so_many() -> None:
    pytest.importorskip("matplotlib")
    image = read_picture(sample_photo())
    small = cv2.resize(image, (256, 300))
    canvas = np.zeros((600, 800, 3), np.uint8)
    canvas[:300, :256], canvas[:, 288:] = small, image
    first, second = YuNet().detect(canvas)
    assert first.box.left > 288 > second.box.right
    assert len(select(YuNet().detect(canvas), max_faces=1)) == 1
    assert YuNet(min_score=0.999).detect(canvas) == []


@pytest.mark.parametrize("size", [(33, 31), (31, 333), (240, 320), (479, 641), (720, 1280)])
def test_a_blank_image_has_no_face(size: tuple[int, int]) -> None:
    detector = YuNet()
    for gray in (0, 128, 255):
        assert detector.detect(np.full((*size, 3), gray, np.uint8)) == []


@pytest.mark.parametrize(
    "size", [(0, 0), (0, 40), (1, 1), (1, 400), (400, 1), (2, 3), (1, 9999), (16, 16)]
)
@pytest.mark.filterwarnings("error")
def test_an_image_of_any_size_is_taken(size: tuple[int, int]) -> None:
    assert YuNet().detect(np.zeros((*size, 3), np.uint8)) == []


@pytest.mark.parametrize("size", [(64, 31), (31, 333)])
def test_no_face_is_found_in_memory_that_nobody_wrote(size: tuple[int, int]) -> None:
    for _ in range(15):
        # leave large numbers in the memory that the network gets next
        floats = [100, 1000, 5000, 20_000, 100_000, 500_000] * 3
        left = [np.full(count, 3e3, np.float32) for count in floats]
        del left
        assert YuNet().detect(np.zeros((*size, 3), np.uint8)) == []


def test_one_detector_takes_frames_of_changing_size() -> None:
    pytest.importorskip("matplotlib")
    image, detector = read_picture(sample_photo()), YuNet()
    for size in ((512, 600), (300, 350), (512, 600), (101, 119)):
        assert len(detector.detect(cv2.resize(image, size))) == 1


def test_boxes_are_in_pixels_of_the_image_that_was_given() -> None:
    pytest.importorskip("matplotlib")
    image = read_picture(sample_photo())
    (wanted,) = YuNet().detect(image)
    small = cv2.resize(image, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    (face,) = YuNet().detect(small)
    assert overlap(Box(*(edge / 0.4 for edge in face.box.edges)), wanted.box) > 0.85


def test_an_8k_frame_is_shrunk_first() -> None:
    pytest.importorskip("matplotlib")
    large = np.zeros((4320, 7680, 3), np.uint8)
    large[:4320, :3686] = cv2.resize(read_picture(sample_photo()), (3686, 4320))
    (face,) = YuNet().detect(large)
    assert overlap(face.box, Box(170 * 7.2, 130 * 7.2, 355 * 7.2, 335 * 7.2)) > 0.7


def test_a_clip_of_one_face_has_one_in_most_frames(media: Path) -> None:
    assert [len(faces) for faces in detections(media / "single_face.mp4")].count(1) > 20


def test_a_clip_without_a_face_has_none_in_nearly_all_frames(media: Path) -> None:
    counts = [len(faces) for faces in detections(media / "no_face.mp4")]
    assert counts.count(0) >= 0.95 * len(counts)


def test_a_picture_of_five_faces_has_five(media: Path) -> None:
    (faces,) = detections(media / "multi_face.jpg")
    assert len(faces) == 5


def row(left: float, top: float, side: float, score: float) -> list[float]:
    return [left, top, left + side, top + side, score]


def test_a_face_that_two_looks_see_is_surer_than_in_either() -> None:
    fine = np.array([row(0, 0, 10, 0.6), row(50, 50, 10, 0.7)], np.float32)
    coarse = np.array([row(1, 0, 10, 0.5), row(90, 90, 10, 0.4)], np.float32)
    joined = join_looks(fine, coarse)
    # 1 - (1 - 0.6) * (1 - 0.5); a face that only one look found keeps its score
    assert joined[:, 4] == pytest.approx([0.8, 0.7, 0.8, 0.4])
    assert np.array_equal(joined[:, :4], np.concatenate([fine, coarse])[:, :4])
    for empty in (fine[:0], coarse[:0]):
        assert np.array_equal(join_looks(fine, empty), fine)
        assert np.array_equal(join_looks(empty, coarse), coarse)


@pytest.mark.parametrize("side", [90, 150, 600, 2400])
def test_photographs_are_looked_at_twice_and_a_face_of_any_size_is_one(
    photo: NDArray[np.uint8], side: int
) -> None:
    scale = side / 600
    image = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (face,) = PhotoYuNet().detect(image)
    wanted = Box(*(edge * scale for edge in (170, 130, 355, 335)))
    assert overlap(face.box, wanted) > 0.6


def test_photographs_show_faces_that_are_too_small_for_a_look_at_320_pixels(
    photo: NDArray[np.uint8],
) -> None:
    canvas = np.full((900, 1200, 3), 90, np.uint8)
    small = cv2.resize(photo, (64, 75), interpolation=cv2.INTER_AREA)  # its face 26 pixels high
    for left in (100, 500, 900):
        canvas[400:475, left : left + 64] = small
    assert len(PhotoYuNet().detect(canvas)) == 3
    assert len(YuNet().detect(canvas)) < 3


@pytest.mark.parametrize("size", [(0, 40), (1, 1), (1, 400), (400, 1), (48, 48), (640, 480)])
def test_a_photograph_of_any_size_is_taken(size: tuple[int, int]) -> None:
    detector = open_detector("yunet", is_photo=True)
    assert detector.detect(np.zeros((*size, 3), np.uint8)) == []


def test_for_covering_the_coarse_box_of_a_face_that_fills_the_picture_is_kept(
    photo: NDArray[np.uint8],
) -> None:
    enlarged = cv2.resize(photo[110:410, 150:410], (1109, 1280))  # its face: 910 pixels high
    single = YuNet(long_side_px=1280, min_score=0.3).detect(enlarged)
    covered = CoverYuNet(long_side_px=1280, min_score=0.3).detect(enlarged)
    assert max(face.box.height for face in covered) > 800
    assert max(face.box.height for face in single) < 600
    assert CoverYuNet(long_side_px=640, min_score=0.3).detect(enlarged[:0]) == []


def test_a_file_of_one_size_looks_at_frames_of_every_shape(photo: NDArray[np.uint8]) -> None:
    detector = YuNet(bundled_detectors()["yunet-320x192"], long_side_px=320)
    for image in (photo, cv2.rotate(photo, cv2.ROTATE_180)[::-1, ::-1], photo[:, 100:450]):
        (face,) = detector.detect(np.ascontiguousarray(image))
        (wanted,) = YuNet().detect(np.ascontiguousarray(image))
        assert overlap(face.box, wanted.box) > 0.75


@pytest.mark.parametrize("content", [None, b"", b"no model", bytes(300), b"cut"])
def test_a_file_that_is_no_detector_is_refused_when_it_is_named(
    tmp_path: Path, content: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.tflite"
    if content is not None:
        whole = bundled_detectors()["yunet"].read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content == b"cut" else content)
    with pytest.raises(DetectorError, match=r"other\.tflite.*fer-edge convert-detector"):
        YuNet(path)
    assert capfd.readouterr().err == ""


def test_a_classifier_is_no_detector_and_is_refused_in_a_clear_line() -> None:
    with pytest.raises(
        DetectorError, match="is an expression classifier, expected a face detector"
    ):
        YuNet(find_model("tiny"))


def test_an_altered_detector_file_is_refused(tmp_path: Path) -> None:
    altered = bytearray(bundled_detectors()["yunet"].read_bytes())
    altered[len(altered) // 3] ^= 1
    (tmp_path / "altered.tflite").write_bytes(bytes(altered))
    with pytest.raises(
        DetectorError, match=r"altered\.tflite was altered or damaged: the model.s sha256"
    ):
        YuNet(tmp_path / "altered.tflite")


def test_a_look_that_no_memory_holds_is_refused_in_a_clear_line() -> None:
    image = np.zeros((40_000, 40_000, 1), np.uint8)
    huge = np.broadcast_to(image, (40_000, 40_000, 3))
    with pytest.raises(DetectorError, match="smaller --detect-size"):
        YuNet(long_side_px=40_000).detect(huge)


def detections(path: Path, most: int = 40) -> list[list[Detection]]:
    """Return the faces that YuNet finds in each of the first `most` frames."""
    source, detector = open_source(path), YuNet()
    found = [detector.detect(frame.image) for _, frame in zip(range(most), source, strict=False)]
    source.close()
    return found
