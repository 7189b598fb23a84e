import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result

from fer_edge import ConfigError, open_source, plugins
from tests.support.clear_line import assert_one_clear_line

Invoke = Callable[..., Result]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "either --input or --camera"),
        (["--input", "x", "--camera", "0"], "either --input or --camera"),
        (["--camera", "back"], "'back' is not a camera"),
        (["--camera", "-1"], "'-1' is not a camera"),
        (
            ["--camera", "0", "--size", "640"],
            "expected WIDTHxHEIGHT in pixels, for example 640x480",
        ),
        (["--camera", "0", "--size", "0x480"], "expected WIDTHxHEIGHT"),
        (["--camera", "0", "--size", "99999x480"], "expected WIDTHxHEIGHT"),
        (["--camera", "0", "--fps", "0"], "--fps"),
        (["--camera", "0", "--pixel-format", "gray"], "use it with --input - only"),
        (["--input", "x.mp4", "--size", "640x480"], "files have their own"),
        (["--input", "x.mp4", "--pixel-aspect", "wide"], "for example 64:45 for wide PAL"),
        (["--input", "x.mp4", "--pixel-aspect", "9:1"], "from 1:4 to 4:1"),
        (["--camera", "0", "--pixel-aspect", "16:15"], "is for --input of a video or stream"),
        (["--camera", "0", "--sample-every", "1"], "is for --input of a video file"),
        (["--input", "rtsp://x", "--stream-option", "udp"], "expected KEY=VALUE"),
        (["--input", "x.mp4", "--stream-option", "a=b"], "is for --input of a stream"),
        (["--input", "x.mp4", "--on-loss", "wait"], "a file or pipe just ends"),
        (["--input", "-", "--on-loss", "exit"], "a file or pipe just ends"),
        (["--input", "-"], "raw frames need --size and --pixel-format; try: fer-edge run"),
        (["--input", "-", "--size", "64x48"], "raw frames need --size and --pixel-format"),
        (["--input", "-", "--size", "64x48", "--pixel-format", "h264"], "not one of 'bgr24',"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(
    fer_edge: Invoke, arguments: list[str], words: str
) -> None:
    result = fer_edge("run", *arguments)
    assert result.exit_code == 2
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("Error: ")
    assert words in line


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [("--fps", "5", "frame_rate_hz"), ("--size", "640x480", "size")],
)
def test_an_option_that_a_stream_does_not_use_is_refused(
    fer_edge: Invoke, option: str, value: str, name: str
) -> None:
    result = fer_edge("run", "--input", "rtsp://x", option, value)
    assert_one_clear_line(result, f"rtsp does not use {option} (in Python: {name}); omit it")
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "more", [{"on_loss": "wait"}, {"stream_options": {"a": "b"}}, {"frame_rate_hz": 0}]
)
def test_an_argument_that_a_file_does_not_use_is_refused(
    picture: Path, more: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError):
        open_source(picture, **more)


def test_an_interval_is_not_for_streams() -> None:
    with pytest.raises(ConfigError, match="'sample_every_s' is for video files"):
        open_source("rtsp://x", sample_every_s=1.0)


def test_help_and_pages_name_the_schemes_that_there_are(fer_edge: Invoke) -> None:
    # PyAV's wheels do not support srt, which is reported
    schemes = set(plugins.own_names(plugins.SOURCES)) - {"picamera2", "srt"}
    help_text = " ".join(fer_edge("run", "--help").stdout.split())
    listed = re.search(r"a stream \(([^)]*)\)", help_text)
    assert listed is not None
    assert {name.removesuffix("://") for name in listed[1].split(", ")} == schemes
    page = (Path(__file__).resolve().parents[3] / "docs/reference/input-formats.md").read_text()
    streams = page.partition("## Streams")[2].partition("SRT")[0]
    assert set(re.findall(r"`(\w+)`", streams)) == schemes


def test_a_quoted_pattern_is_its_pictures_in_order(
    fer_edge: Invoke, tmp_path: Path, picture: Path
) -> None:
    for name in ("b 2.png", "a1.png", "a2.txt", "c3.png"):
        (tmp_path / name).write_bytes(picture.read_bytes())
    result = fer_edge("run", "--input", tmp_path / "[ab]*", "--detector", "none")
    assert result.exit_code == 0, result.output
    names = [line.split('"source": "')[1].split('"')[0] for line in result.stdout.splitlines()]
    assert [Path(name).name for name in names] == ["a1.png", "b 2.png"]
    (tmp_path / "[ab]x.png").write_bytes(picture.read_bytes())  # an existing file has precedence
    result = fer_edge("run", "--input", tmp_path / "[ab]x.png", "--detector", "none")
    assert "[ab]x.png" in result.stdout


@pytest.mark.parametrize(
    ("place", "word"),
    [
        ("FOLDER/*.jpg", "matches no readable picture and no other file"),
        ("FOLDER/*.md", "matches no readable picture, but 1 .md"),
        ("FOLDER/pipe", "--input - <"),
        ("/dev/null", "--camera /dev/null"),
        ("ftp://anna:secret@host/x", "ftp://host/x cannot be read; expected"),
    ],
)
def test_a_bad_input_is_one_line(fer_edge: Invoke, tmp_path: Path, place: str, word: str) -> None:
    (tmp_path / "notes.md").touch()
    os.mkfifo(tmp_path / "pipe")
    result = fer_edge("run", "--input", place.replace("FOLDER", str(tmp_path)))
    assert_one_clear_line(result, word)
    assert "secret" not in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_one_line(fer_edge: Invoke, picture: Path) -> None:
    picture.chmod(0)
    assert_one_clear_line(
        fer_edge("run", "--input", picture), "cannot be read: permission denied", "permissions"
    )


def test_the_run_takes_8k_frames(fer_edge: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "8k.jpg"
    cv2.imwrite(str(path), np.full((4320, 7680, 3), 99, np.uint8))
    result = fer_edge("run", "--input", path)
    assert result.exit_code == 0, result.output
    assert '"faces": []' in result.stdout
