from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from fer_edge.errors import ModelError
from fer_edge.model.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.detection.detector import WholeFrame
from fer_edge.runtime.recognition.config import open_chosen_reader
from fer_edge.runtime.recognition.follower import FILE_PACE, LIVE_PACE, Follower, Pace
from fer_edge.runtime.recognition.reader import Reader
from fer_edge.runtime.recognition.smoothing import STEADY, Steadiness
from fer_edge.runtime.run.command import parse_run
from tests.support.clear_line import assert_one_clear_line


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


def opened(source: NoFrames, *arguments: str) -> Reader | Follower:
    config = parse_run(arguments)
    with open_chosen_reader(
        *(config.model, config.faces, config.recognition), detector=WholeFrame(), source=source
    ) as reader:
        return reader


def test_pictures_get_a_reader_and_moving_pictures_a_follower() -> None:
    assert isinstance(opened(PICTURES), Reader)
    for source, pace in ((CLIP, FILE_PACE), (CAMERA, LIVE_PACE)):
        follower = opened(source)
        assert isinstance(follower, Follower)
        assert (follower._pace, follower._steadiness) == (pace, STEADY)


def test_what_was_asked_for_goes_before_what_is_usual() -> None:
    asked = ("--smooth", "1", "--hysteresis", "0", "--uncertain-below", "0.5")
    follower = opened(CAMERA, *asked, "--classify-every", "0", "--classify-per-frame", "7")
    assert isinstance(follower, Follower)
    assert follower._steadiness == Steadiness(1.0, 0.0, 0.5)
    assert follower._pace == Pace(0.0, 7)
    slow = opened(CLIP, "--classify-every", "0.5")
    assert isinstance(slow, Follower)
    assert slow._pace == Pace(0.5, None)
    reader = opened(PICTURES, "--uncertain-below", "0.5")
    assert isinstance(reader, Reader)
    assert reader._uncertain_below == 0.5


def test_the_models_are_closed_when_one_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite"):
        opened(CLIP, "--compare", str(tmp_path / "none.tflite"))
    reader = opened(CLIP, "--compare", str(find_model(DEFAULT_MODEL)))
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
