from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.errors import ConfigError, DetectorError
from fer_edge.faces.preprocess import Box
from fer_edge.runtime.detection.detector import Detection, WholeFrame, select
from fer_edge.runtime.detection.opening import open_detector


def test_the_largest_faces_are_kept() -> None:
    faces = [Detection(Box(0, 0, side, 2 * side), 0.7) for side in (3, 9, 0, 5, -4, 7)]
    assert [face.box.width for face in select(faces)] == [9, 7, 5, 3]
    kept = select(faces, min_face_px=10, max_faces=2)
    assert [face.box.width for face in kept] == [9, 7]


def test_no_detector_takes_no_model_file(tmp_path: Path) -> None:
    assert isinstance(open_detector("none"), WholeFrame)
    with pytest.raises(ConfigError, match="the detector none does not use a model file"):
        open_detector("none", tmp_path / "model.onnx")
    with pytest.raises(DetectorError, match="the name contains a zero byte"):
        open_detector("yunet", "zero\0byte.tflite")


@pytest.mark.parametrize("settings", [{"min_score": 2}, {"long_side_px": 63}])
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="expected a"):
        open_detector("yunet", **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["yunet", "haar", "none"])
@pytest.mark.parametrize(
    "image",
    [None, "a.png", np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3))],
)
def test_other_images_are_refused(name: str, image: Any) -> None:
    for is_photo in (False, True):
        with pytest.raises(DetectorError, match=r"expected an image of uint8 .*BGR, got"):
            open_detector(name, is_photo=is_photo).detect(image)


def test_the_whole_frame_is_one_face() -> None:
    assert WholeFrame().detect(np.zeros((0, 20, 3), np.uint8)) == []
    assert WholeFrame().detect(np.zeros((30, 20, 3), np.uint8)) == [
        Detection(Box(0, 0, 20, 30), 1.0)
    ]
