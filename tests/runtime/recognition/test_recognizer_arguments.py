"""Arguments of the Python interface that are of another kind, or out of range."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge import (
    ConfigError,
    DetectorError,
    DetectorSettings,
    FerEdgeError,
    Pace,
    PluginError,
    Recognizer,
    SourceError,
    open_camera,
    open_detector,
    open_source,
)

BLACK = np.zeros((80, 100, 3), np.uint8)


@pytest.fixture(scope="module")
def recognizer() -> Iterator[Recognizer]:
    with Recognizer(detector="none") as opened:
        yield opened


@pytest.mark.parametrize("name", ["threads", "uncertain_below", "min_face_px", "max_faces"])
def test_none_is_no_number_of_a_recognizer(name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is None, expected a"):
        Recognizer(**{name: None})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["every", "smooth_s", "hysteresis"])
def test_none_is_no_number_of_a_stream(recognizer: Recognizer, name: str) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is None, expected a"):
        recognizer.stream([BLACK], **{name: None})  # type: ignore[arg-type]


def test_none_is_no_interval() -> None:
    with pytest.raises(ConfigError, match="'every_s' is None"):
        Pace(every_s=None)  # type: ignore[arg-type]
    assert Pace(per_frame=None).per_frame is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("pixel_aspect", value) for value in (-1, 0, "4:3", Fraction(9, 1))),
        *(("sample_every_s", value) for value in (None, "1")),
        *(("limit_px", value) for value in (None, "1", 0)),
        *(("on_loss", value) for value in ("retry", True)),
    ],
)
def test_an_argument_of_a_source_of_another_kind_is_refused(
    clip: Path, name: str, value: Any
) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' is .*, expected"):
        open_source(clip, **{name: value})


@pytest.mark.parametrize("options", [{"rtsp_transport": 3}, {3: "udp"}, "udp", [1]])
def test_stream_options_are_text(options: Any) -> None:
    with pytest.raises(ConfigError, match="expected a dictionary from text to text"):
        open_source("rtsp://127.0.0.1:1/x", stream_options=options)


@pytest.mark.parametrize("size", [(1,), (0, 0), "640x480", (640.0, 480.0), (99999, 1)])
def test_a_size_is_width_and_height(size: Any) -> None:
    with pytest.raises(ConfigError, match="'size"):
        open_camera(0, size=size)


@pytest.mark.parametrize("which", [None, 1.5, True])
def test_something_else_is_neither_a_camera_nor_a_source(which: Any) -> None:
    with pytest.raises(ConfigError, match="expected a camera's number, device or name, got"):
        open_camera(which)
    with pytest.raises(ConfigError, match="expected a path or an address, got"):
        open_source(which)


@pytest.mark.parametrize("tracker", [3, print, type("Seats", (), {"follow": print})])
def test_what_is_no_tracker_is_refused_also_for_pictures(
    recognizer: Recognizer, picture: Path, tracker: Any
) -> None:
    with pytest.raises(DetectorError, match=r"expected a tracker, an object with follow\(frame\)"):
        recognizer.stream(picture, tracker=tracker)


def test_a_pace_and_settings_are_values(recognizer: Recognizer) -> None:
    with pytest.raises(ConfigError, match="'pace' is 5, expected a Pace, or None"):
        recognizer.stream([BLACK], pace=5)  # type: ignore[arg-type]
    for given in ({}, {"min_score": 0.5}, 3):
        with pytest.raises(ConfigError, match="expected DetectorSettings, or None"):
            Recognizer(detector_settings=given)  # type: ignore[arg-type]


def test_the_model_of_a_detector_may_be_text() -> None:
    assert DetectorSettings(model="x.onnx") == DetectorSettings(model=Path("x.onnx"))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="'model' is 3, expected a path, or None"):
        DetectorSettings(model=3)  # type: ignore[arg-type]


def test_a_detector_without_a_name_or_a_method_is_refused() -> None:
    with pytest.raises(PluginError, match="detector None does not exist; expected one of"):
        open_detector(None)  # type: ignore[arg-type]
    broken = type("Broken", (), {"detect": None})()
    with pytest.raises(DetectorError, match=r"expected a detector's name, .* got Broken"):
        Recognizer(detector=broken)


@pytest.mark.parametrize(
    "given",
    [
        "http://user:secret@host/a.jpg",
        Path("http://user:secret@host/a.jpg"),
        "file://host/a.jpg",
    ],
)
def test_an_address_is_not_a_picture_and_its_password_is_not_shown(
    recognizer: Recognizer, given: str | Path
) -> None:
    with pytest.raises(
        SourceError, match="expected the path of a picture, got the addre"
    ) as caught:
        recognizer.read(given)
    assert "secret" not in str(caught.value)
    assert "://host/a.jpg; pass the path of a file" in str(caught.value)


def test_an_address_as_a_path_and_an_empty_path_are_told(recognizer: Recognizer) -> None:
    with pytest.raises(ConfigError, match=r"address as text, got a Path of rtsp://host/1$"):
        recognizer.stream(Path("rtsp://user:secret@host/1"))
    with pytest.raises(SourceError, match="the path of the picture is empty"):
        recognizer.read("")


@pytest.mark.parametrize("name", ["a\nb", "a\u2028b", "x" * 5000])
def test_a_message_is_one_line_whatever_the_name(recognizer: Recognizer, name: str) -> None:
    for use in (recognizer.read, recognizer.stream, open_source, Recognizer):
        with pytest.raises(FerEdgeError) as caught:
            use(name)
        assert len(str(caught.value).splitlines()) == 1
