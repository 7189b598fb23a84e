"""Tilted faces: turned upright in pictures and videos, unless alignment is off."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray

pytest.importorskip("matplotlib", reason="its photograph is the face")

from fer_edge import Box, Frame, Pace, Recognizer, Track
from fer_edge.aligner.aligner import Aligner
from fer_edge.aligner.file import bundled_aligner, read_aligner
from fer_edge.aligner.placement import Placement
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.pictures.picture import read_picture
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.recognition.follower import Follower
from tests.support.readers import open_reader

DEGREES = 35


@pytest.fixture(scope="module")
def tilted() -> NDArray[np.uint8]:
    """Return the photograph with the head tilted clockwise."""
    photo = read_picture(sample_photo())
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -DEGREES, 1)
    return cv2.warpAffine(photo, turn, (width, height)).astype(np.uint8)


def test_a_tilted_face_reads_as_the_upright_one(tilted: NDArray[np.uint8]) -> None:
    with Recognizer() as recognizer:
        (upright,), (face,) = recognizer.read(sample_photo()), recognizer.read(tilted)
    assert face.placement.roll_degrees == pytest.approx(DEGREES, abs=12)
    assert face.label == upright.label
    both = zip(face.probabilities.values(), upright.probabilities.values(), strict=True)
    assert sum(abs(one - other) for one, other in both) < 0.4


def test_the_crop_is_the_one_that_the_model_reads(tilted: NDArray[np.uint8]) -> None:
    with Recognizer() as recognizer, open_reader() as reader:
        (face,) = recognizer.read(tilted)
        again = reader.model.probabilities(reader.model.input_of(face.crop()))
    assert again == pytest.approx(list(face.probabilities.values()), abs=1e-6)


def test_frames_of_a_video_are_aligned_also_where_a_face_is_not_classified(
    tilted: NDArray[np.uint8],
) -> None:
    with Recognizer() as recognizer:
        results = list(recognizer.stream([tilted] * 4, frame_rate_hz=25, pace=Pace(every_s=1)))
    rolls = [face.placement.roll_degrees for result in results for face in result]
    assert len(rolls) == 4
    assert len(set(rolls)) == 1
    assert rolls[0] == pytest.approx(DEGREES, abs=12)


def test_a_crop_of_a_face_is_not_aligned(tilted: NDArray[np.uint8]) -> None:
    with Recognizer(detector="none") as recognizer:
        (face,) = recognizer.read(tilted)
    assert face.placement == Placement()


def test_alignment_can_be_off(
    fer_edge: Callable[..., Result], tilted: NDArray[np.uint8], tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "tilted.png"), tilted)
    read = {}
    for alignment in ("on", "off"):
        done = fer_edge("run", "--input", tmp_path / "tilted.png", "--alignment", alignment)
        assert done.exit_code == 0, done.output
        (read[alignment],) = json.loads(done.stdout)["faces"]
    assert read["on"]["box"] == read["off"]["box"]
    assert read["on"]["scores"] != read["off"]["scores"]


def test_in_a_video_the_aligner_looks_after_each_detection(tilted: NDArray[np.uint8]) -> None:
    asked: list[int] = []
    frames = [Frame(tilted, index, index / 25, "clip") for index in range(7)]

    class Spy(Aligner):
        def align(self, image: Any, box: Box, levels: Any = None) -> Placement:
            asked.append(image.shape[0])
            return super().align(image, box, levels)

    class Follows:
        def follow(self, frame: Frame) -> list[Track]:
            is_detected = frame.index in (0, 4)
            shift = 3.0 * frame.index
            return [Track(1, Box(150 + shift, 110, 320 + shift, 320), 0.9, is_detected)]

    model, aligner = open_model(find_model("tiny")), Spy(read_aligner(bundled_aligner()))
    with Follower(model, Follows(), aligner=aligner) as follower:
        rolls = [follower.read_frame(frame).faces[0].placement.roll_degrees for frame in frames]
    assert len(asked) == 2
    assert len(set(rolls[:4])) == len(set(rolls[4:])) == 1
    assert rolls[0] != rolls[4]
