from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray

from fer_edge.errors import ModelError
from fer_edge.faces.preprocess import Box
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.detection.detector import Detection, FaceDetector, WholeFrame
from fer_edge.runtime.recognition.config import (
    RecognitionConfig,
    chosen_reader,
    open_chosen_reader,
)
from fer_edge.runtime.recognition.follower import Follower
from fer_edge.runtime.recognition.reader import Reader
from fer_edge.runtime.recognition.result import UNCERTAIN
from fer_edge.runtime.run.command import parse_run
from fer_edge.runtime.tracking.config import FacesConfig, open_chosen_detector
from tests.support.clear_line import assert_one_clear_line
from tests.support.scripted_model import SURE, ScriptedModel


class NoFrames:
    """Empty source: pictures, a video or a live source."""

    frame_rate_hz = 30.0
    length: int | None = 0
    dropped = 0

    def __init__(self, *, is_video: bool, is_live: bool = False) -> None:
        self.is_video, self.is_live = is_video, is_live

    def __iter__(self) -> Iterator[Frame]:
        return iter(())

    def close(self) -> None:
        pass


PICTURES, CLIP = NoFrames(is_video=False), NoFrames(is_video=True)
CAMERA = NoFrames(is_video=True, is_live=True)


class Crowd:
    """Detector that finds six faces in every frame."""

    def detect(self, image: NDArray[np.uint8]) -> list[Detection]:
        return [Detection(Box(60.0 * n, 20, 60.0 * n + 40, 70), 0.9) for n in range(6)]


def opened(
    source: NoFrames, *arguments: str, detector: FaceDetector | None = None
) -> Reader | Follower:
    config = parse_run(arguments)
    return open_chosen_reader(
        *(config.model, config.faces, config.recognition),
        detector=detector or WholeFrame(),
        source=source,
    )


def labels_of(
    source: NoFrames, script: Iterable[str | None], *arguments: str, frames: int
) -> list[str]:
    """Return the label in each frame, 30 per second, if the model reads the expressions."""
    pixels = np.full((80, 400, 3), 127, np.uint8)
    with opened(source, *arguments) as reader:
        reader.replace_model(ScriptedModel(script))
        return [reader.read_frame(Frame(pixels, n, n / 30, "x"))[0].label for n in range(frames)]


def readings_of(source: NoFrames, *arguments: str, detector: FaceDetector, frames: int) -> int:
    """Return how many faces are classified in the frames, 30 per second."""
    pixels = np.full((80, 400, 3), 127, np.uint8)
    with opened(source, *arguments, detector=detector) as reader:
        reader.replace_model(model := ScriptedModel(repeat("happy")))
        for n in range(frames):
            reader.read_frame(Frame(pixels, n, n / 30, "x"))
    return model.readings


@pytest.mark.parametrize(
    ("source", "arguments", "each", "crowd"),
    [
        (CLIP, (), 30, 6),
        (CAMERA, (), 10, 4),
        (CAMERA, ("--classify-every", "0"), 30, 4),
        (CLIP, ("--classify-every", "0.5"), 2, 6),
        (CAMERA, ("--classify-per-frame", "5"), 10, 5),
        (CLIP, ("--classify-per-frame", "3"), 30, 3),
    ],
)
def test_faces_are_read_as_often_as_asked_or_as_usual(
    source: NoFrames, arguments: tuple[str, ...], each: int, crowd: int
) -> None:
    assert readings_of(source, *arguments, detector=WholeFrame(), frames=30) == each
    assert readings_of(source, *arguments, detector=Crowd(), frames=1) == crowd


@pytest.mark.parametrize(
    ("arguments", "late"),
    [
        # readings until angry is the more probable one: 0.94 / 2 = 0.94 exp(-t / smooth_s)
        (("--smooth", "0", "--hysteresis", "0"), 0),
        (("--hysteresis", "0"), 4),
        ((), 4),
        (("--hysteresis", "0.5"), 8),
        (("--smooth", "1", "--hysteresis", "0"), 20),
    ],
)
def test_a_label_changes_as_soon_as_asked(arguments: tuple[str, ...], late: int) -> None:
    script = [*5 * ["happy"], *30 * ["angry"]]
    sure = ("--uncertain-below", "0")
    labels = labels_of(CLIP, script, *arguments, *sure, frames=35)
    assert labels == [*(5 + late) * ["happy"], *(30 - late) * ["angry"]]


@pytest.mark.parametrize("source", [PICTURES, CLIP, CAMERA])
def test_a_label_is_as_sure_as_asked(source: NoFrames) -> None:
    assert labels_of(source, ["happy"], frames=1) == ["happy"]
    higher = ("--uncertain-below", str(SURE + 0.01))
    assert labels_of(source, ["happy"], *higher, frames=1) == [UNCERTAIN]


def test_every_option_reaches_the_reader() -> None:
    used: set[str] = set()

    class Faces(FacesConfig):
        def __getattribute__(self, name: str) -> Any:
            used.add(name)
            return super().__getattribute__(name)

    class Recognition(RecognitionConfig):
        def __getattribute__(self, name: str) -> Any:
            used.add(name)
            return super().__getattribute__(name)

    faces, recognition = Faces(), Recognition()
    used.clear()  # the checks of their ranges
    for is_video in (False, True):
        chosen_reader(
            *(ScriptedModel(()), faces, recognition),
            open_chosen_detector(faces, is_video=is_video),
            aligner=recognition.open_aligner(),
            is_video=is_video,
        ).close()
    assert {field.name for part in (Faces, Recognition) for field in fields(part)} <= used


def test_the_models_are_closed_when_one_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite"):
        opened(CLIP, "--compare", str(tmp_path / "none.tflite"))
    with opened(CLIP, "--compare", str(find_model(DEFAULT_MODEL))) as reader:
        pass
    comparer = reader._classifier.comparer
    assert comparer is not None
    assert comparer._model._interpreter is reader.model._interpreter is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--smooth", "-1"),
        ("--smooth", "nan"),
        ("--hysteresis", "1.5"),
        ("--uncertain-below", "nan"),
        ("--classify-every", "inf"),
        ("--classify-per-frame", "0"),
        ("--compare-every", "0"),
        ("--min-score", "nan"),
        ("--min-face", "nan"),
        ("--fps", "nan"),
        ("--gif-seconds", "nan"),
        ("--web-fps", "nan"),
    ],
)
def test_a_value_out_of_range_is_a_usage_error(
    fer_edge: Callable[..., Result], option: str, value: str
) -> None:
    result = fer_edge("run", "--input", "x.jpg", option, value)
    assert result.exit_code == 2
    assert option in result.stderr
    assert "Traceback" not in result.output


def test_a_bundled_models_name_can_be_compared_with(
    fer_edge: Callable[..., Result], picture: Path
) -> None:
    run = ("run", "--input", picture, "--detector", "none", "--compare")
    result = fer_edge(*run, DEFAULT_MODEL)
    assert "1 of 1 crops compared, agreement 100.00%" in result.stderr
    assert_one_clear_line(fer_edge(*run, "no-such-model"), "no-such-model")
