"""Sources of callers and of other packages: their frames and attributes are checked."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from fer_edge import (
    ConfigError,
    Frame,
    Live,
    PluginError,
    Recognizer,
    SourceError,
    open_source,
    plugins,
)
from tests.support.clear_line import assert_one_clear_line
from tests.support.plug_in_packages import installing

Invoke = Callable[..., Result]
Install = Callable[..., None]

IMAGE = np.zeros((48, 64, 3), np.uint8)
TITLE = "source 'bad' of the package broken-package"
PART = """
import numpy as np
from fer_edge import Frame, Live
image = np.zeros((48, 64, 3), np.uint8)
nan = float("nan")
class Part:
    is_video, is_live, frame_rate_hz, length, dropped = True, False, 25.0, 1, 0
    def __init__(self, address, settings): pass
    def __iter__(self): yield {frame}
    def close(self): pass
    {attribute}
part = Part
"""
CAPTURE = """
from fer_edge import Live
class Camera:
    name = "camera"
    def open(self): {open}
    def read(self): 1 / 0
    def close(self): pass
    def interrupt(self): pass
def part(address, settings): return Live({camera})
"""


class Given:
    """A caller's own source."""

    def __init__(self, *frames: object, **attributes: object) -> None:
        self.frames = frames
        self.is_video, self.is_live = True, False
        self.frame_rate_hz, self.length, self.dropped = 25.0, None, 0
        self.__dict__.update(attributes)

    def __iter__(self) -> Iterator[Any]:
        yield from self.frames

    def close(self) -> None:
        """Do nothing."""


class Camera:
    """A caller's own capture, which is never opened."""

    name = "camera"
    open = read = close = interrupt = print


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    with installing(tmp_path, monkeypatch) as bring:
        yield bring


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    with Recognizer(detector="none") as opened:
        yield opened


def part(frame: str = "Frame(image, 0, 0.0, 'x')", attribute: str = "") -> str:
    return PART.format(frame=frame, attribute=attribute)


def test_numbers_of_numpy_become_pythons(recognizer: Recognizer) -> None:
    frame = Frame(IMAGE, np.int64(3), np.float32(0.5), Path("x"), np.float64(7))  # type: ignore[arg-type]
    source = Given(frame, dropped=np.uint8(3), frame_rate_hz=np.float32(25), is_live=np.True_)
    (result,) = recognizer.stream(source)
    line = json.loads(json.dumps(result.to_dict()))
    assert (line["frame"], line["time_s"], line["source"]) == (3, 0.5, "x")
    assert (line["dropped"], line["time"]) == (3, "1970-01-01T00:00:07.000Z")


def test_an_unknown_frame_rate_of_a_live_source_is_the_usual_one(recognizer: Recognizer) -> None:
    live = Given(Frame(IMAGE, 0, 0.0, "x"), is_live=True, frame_rate_hz=0)
    assert len(list(recognizer.stream(live))) == 1
    pictures = Given(Frame(IMAGE, 0, 0.0, "x"), is_video=False, frame_rate_hz=None)
    assert len(list(recognizer.stream(pictures))) == 1


def test_a_frame_that_is_right_is_passed_on(recognizer: Recognizer) -> None:
    frame = Frame(IMAGE, 0, 0.0, "x")
    (result,) = recognizer.stream(Given(frame))
    assert result.frame is frame


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (Frame(IMAGE, "0", 0.0, "x"), "'index' of a frame of your source is '0', expected a whole"),  # type: ignore[arg-type]
        (Frame(IMAGE, -1, 0.0, "x"), "'index' of a frame of your source is -1"),
        (Frame(IMAGE, 0, None, "x"), "'time_s' of a frame of your source is None, expected a fin"),  # type: ignore[arg-type]
        (Frame(IMAGE, 0, float("nan"), "x"), "'time_s' of a frame of your source is nan"),
        (Frame(IMAGE, 0, 0.0, None), "'name' of a frame of your source is None, expected text"),  # type: ignore[arg-type]
        (Frame(IMAGE, 0, 0.0, "x", 1e300), "'unix_s' of a frame of your source is 1e.300"),
        (Frame(IMAGE[0, 0], 0, 0.0, "x"), "frame 0 of your source: expected an image of shape"),
        (IMAGE, "expected a Frame from your source, got ndarray; make one"),
    ],
)
def test_a_frame_of_another_form_is_one_clear_error(
    recognizer: Recognizer, frame: object, words: str
) -> None:
    with pytest.raises(SourceError, match=words):
        list(recognizer.stream(Given(frame)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("length", value) for value in ("2", -1, 1.5)),
        *(("frame_rate_hz", value) for value in ("25", float("nan"), None, 0.0)),
        *(("dropped", value) for value in (None, -1)),
        *(("is_live", value) for value in (lambda: False, None)),
    ],
)
def test_an_attribute_of_another_form_is_an_error_of_the_call(
    recognizer: Recognizer, name: str, value: object
) -> None:
    with pytest.raises(SourceError, match=f"'{name}' of your source is .*, expected"):
        recognizer.stream(Given(**{name: value}))


def test_a_class_or_half_a_source_is_refused(recognizer: Recognizer) -> None:
    half = Given()
    del half.length
    with pytest.raises(SourceError, match="your source, a Given, has no attribute 'length'"):
        recognizer.stream(half)
    broken: Any = type("Broken", (), {"is_live": False})
    with pytest.raises(SourceError, match="from your source, got the class Broken; create one"):
        recognizer.stream(broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (part("Frame(image, '0', 0.0, 'x')"), f"the 'index' of a frame of {TITLE} is '0'"),
        (part("Frame(image, 0, None, 'x')"), f"the 'time_s' of a frame of {TITLE} is None"),
        (part("Frame(image, 0, 0.0, None)"), f"the 'name' of a frame of {TITLE} is None"),
        (part("3"), f"expected a Frame from {TITLE}, got int"),
        (part(attribute="length = '2'"), f"'length' of {TITLE} is '2', expected a whole number"),
        (part(attribute="frame_rate_hz = nan"), f"'frame_rate_hz' of {TITLE} is nan"),
        (part(attribute="is_live = print"), f"'is_live' of {TITLE} is "),
        (part(attribute="close = None"), "broken-package returned Part, expected an object with"),
        (
            part(attribute="length = property(lambda self: open('/no/such/file'))"),
            f"{TITLE} failed (length): FileNotFoundError",
        ),
        (CAPTURE.format(open="return None", camera="Camera()"), "open() returned None, expected"),
        (CAPTURE.format(open="return 25", camera="Camera"), "got the class Camera; create one"),
        (CAPTURE.format(open="raise OSError('bus')", camera="Camera()"), "failed: OSError: bus"),
        (CAPTURE.format(open="return 25", camera="3"), "for Live, got int without a name"),
    ],
)
def test_a_part_with_other_data_is_one_line_that_names_its_package(
    install: Install, fer_edge: Invoke, tmp_path: Path, text: str, words: str
) -> None:
    install(text, plugins.SOURCES, "bad")
    annotated = ("--annotate", tmp_path / "a.mp4", "--jsonl", "-")
    done = fer_edge("run", "-q", "--input", "bad://x", "--detector", "none", *annotated)
    assert_one_clear_line(done, "of the package broken-package", words)


def test_a_capture_that_fails_later_is_a_fault_of_its_package(install: Install) -> None:
    text = CAPTURE.format(open="return 25", camera="Camera(), on_loss='exit'")
    install(text, plugins.SOURCES, "bad")
    with pytest.raises(PluginError, match=f"{TITLE} .*: camera failed: ZeroDivisionError"):
        list(open_source("bad://x"))


def test_an_unknown_behavior_on_loss_is_refused() -> None:
    with pytest.raises(ConfigError, match="'on_loss' is 'retry', expected 'exit', 'wait' or None"):
        Live(Camera(), on_loss="retry")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["Upper", "under_score", "3d"])
def test_a_name_that_is_no_scheme_is_not_used(
    install: Install, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    install(part(), plugins.SOURCES, name)
    with caplog.at_level(logging.WARNING), pytest.raises(SourceError) as caught:
        open_source(f"{name}://x")
    assert name not in str(caught.value).partition("expected")[2]
    (said,) = caplog.messages
    assert said.startswith(f"source '{name}' of the package broken-package is not used: expected a")
