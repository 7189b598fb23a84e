import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray
from PIL import Image

from fer_edge import plugins
from fer_edge.errors import ConfigError
from fer_edge.faces.labels import FER2013
from fer_edge.pictures.sample_photo import sample_photo
from fer_edge.runtime.publish.chosen_sink import parse_sink
from fer_edge.runtime.publish.files.video_encoder import ENCODINGS
from tests.support.clear_line import assert_one_clear_line
from tests.support.clip import CLIP_FRAMES

from ...support.programs import RUN

Invoke = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("elsewhere")


def in_a_terminal(*arguments: object) -> str:
    """Run the command with all its streams on a terminal; return the terminal's text."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*RUN, *map(str, arguments)], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
        except OSError:  # Linux reports in this way that the other side is closed
            pass
    os.close(ours)
    assert process.returncode == 0, seen
    return seen.decode().replace("\r\n", "\n")


def test_all_outputs_at_once(fer_edge: Invoke, clip: Path, elsewhere: Path) -> None:
    result = fer_edge(
        *("run", "--input", clip, "--detector", "none", "--jsonl", "a.jsonl", "--csv", "a.csv"),
        *("--video", "a.mkv", "--annotate", "frames", "--gif", "a.gif", "--gif-width", 80),
        *("--summary", "a.json", "--anonymize"),
    )
    assert (result.exit_code, result.output) == (0, "")
    assert sorted(path.name for path in elsewhere.iterdir()) == [
        *("a.csv", "a.gif", "a.json", "a.jsonl", "a.mkv", "frames"),
    ]
    assert len(Path("a.csv").read_text().splitlines()) == CLIP_FRAMES + 1
    assert Path("a.csv").read_text().splitlines()[0].endswith("label," + ",".join(FER2013))
    summary = json.loads(Path("a.json").read_text())
    assert summary["frames"] == CLIP_FRAMES
    assert sum(summary["seconds_per_label"].values()) == pytest.approx(CLIP_FRAMES / 8)
    # without a detector, the whole frame is a face, so --anonymize leaves no noise
    drawn = cv2.imread("frames/000003.jpg")
    assert drawn is not None
    assert cv2.Laplacian(drawn[10:40, 90:150], cv2.CV_64F).std() < 12


def test_our_own_outputs_are_sinks_as_others_are(
    fer_edge: Invoke, clip: Path, elsewhere: Path
) -> None:
    result = fer_edge(
        *("run", "--input", clip, "--detector", "none", "--jsonl", "none"),
        *("--sink", "csv=a.csv", "--sink", "csv=b.csv", "--sink", "jsonl=-"),
        *("--sink", "gif=a.gif", "--gif-width", 80, "--sink", "summary=a.json"),
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == CLIP_FRAMES
    assert Path("a.csv").read_text() == Path("b.csv").read_text() != ""
    with Image.open("a.gif") as animation:
        assert animation.size[0] == 80
    assert json.loads(Path("a.json").read_text())["frames"] == CLIP_FRAMES


def test_the_suffixes_of_a_video_are_those_that_can_be_written() -> None:
    for suffix in ENCODINGS:
        parse_sink(f"video=a{suffix.upper()}").check()
    for text in ("video=a.webm", "gif=a.mp4", "video=a", "gif=gif"):
        with pytest.raises(ConfigError, match="expected a name that ends in"):
            parse_sink(text).check()


@pytest.mark.parametrize("name", plugins.own_names(plugins.SINKS))
def test_the_place_of_each_of_our_outputs_is_known(name: str) -> None:
    writes = name not in ("window", "web", "mqtt")
    assert (parse_sink(f"{name}=192.168.1.5:9000").path is not None) == writes
    assert parse_sink(f"{name}=-").prints == (name in ("jsonl", "csv"))
    assert parse_sink(name).lacks_place == (name not in ("window", "summary"))


def test_lines_can_be_switched_off(fer_edge: Invoke, clip: Path, elsewhere: Path) -> None:
    for off in (["--jsonl", "none"], ["--quiet"], ["-q"]):
        result = fer_edge("run", "--input", clip, "--detector", "none", "--csv", "a.csv", *off)
        assert (result.exit_code, result.output) == (0, "")
    assert [path.name for path in elsewhere.iterdir()] == ["a.csv"]


def test_quiet_keeps_what_was_asked_for(fer_edge: Invoke, clip: Path) -> None:
    common = ("run", "--input", clip, "--detector", "none", "-q")
    fer_edge(*common, "--jsonl", "a.jsonl")
    assert len(Path("a.jsonl").read_text().splitlines()) == CLIP_FRAMES
    result = fer_edge(*common, "--jsonl", "-")
    assert (len(result.stdout.splitlines()), result.stderr) == (CLIP_FRAMES, "")
    result = fer_edge(*common, "--summary")
    assert result.stdout == ""
    assert result.stderr.startswith(f"{CLIP_FRAMES} frames in ")


def test_a_terminal_gets_lines_and_a_summary_but_nothing_when_quiet(clip: Path) -> None:
    seen = in_a_terminal("--input", clip, "--detector", "none").split("\n")
    assert [json.loads(line)["frame"] for line in seen[:CLIP_FRAMES]] == list(range(CLIP_FRAMES))
    assert seen[CLIP_FRAMES].startswith(f"\r\x1b[K{CLIP_FRAMES} frames in ")
    assert in_a_terminal("--input", clip, "--detector", "none", "--quiet") == ""


def test_on_change_a_still_clip_has_one_line(fer_edge: Invoke, picture: Path) -> None:
    writer = cv2.VideoWriter("still.avi", cv2.VideoWriter.fourcc(*"MJPG"), 8, (80, 60))
    for _ in range(10):
        writer.write(np.full((60, 80, 3), 90, np.uint8))
    writer.release()
    result = fer_edge("run", "--input", "still.avi", "--detector", "none", "--jsonl-on", "change")
    assert [json.loads(line)["frame"] for line in result.stdout.splitlines()] == [0]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--csv", "a", "--jsonl", "a"], "--jsonl and --csv both write a"),
        (["--csv", "a", "--jsonl", "./b/../a"], "both write"),
        (["--csv", "link/a", "--summary", "a"], "both write"),
        (["--video", "INPUT"], "is the input itself"),
        (["--sink", "csv=INPUT"], "--sink csv"),
        (["--sink", "csv=a", "--csv", "a"], "--csv and --sink csv both write a"),
        (["--sink", "csv=-", "--jsonl", "-"], "--jsonl and --sink csv cannot share stdout"),
        (["--sink", "csv"], "--sink csv has no place"),
        (["--jsonl", "INPUT"], "is the input itself"),
        (["--csv", "hard.avi"], "is the input itself"),
        (["--gif", "a.mp4"], "a name that ends in .gif"),
        (["--gif", "/proc/a.gif"], "cannot write /proc/a.gif"),
        (["--csv", "/proc/a.csv"], "cannot write /proc/a.csv"),
        (["--show"], "--web 127.0.0.1:8000"),
    ],
)
def test_outputs_that_cannot_be_are_one_clear_line_and_leave_no_file(
    fer_edge: Invoke,
    clip: Path,
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    word: str,
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    (elsewhere / "link").symlink_to(elsewhere)
    (elsewhere / "b").mkdir()
    (elsewhere / "hard.avi").hardlink_to(clip)
    before, data = sorted(elsewhere.rglob("*")), clip.read_bytes()
    given = [argument.replace("INPUT", str(clip)) for argument in arguments]
    outputs = [] if "--jsonl" in given else ["--jsonl", "lines.jsonl"]
    result = fer_edge("run", "--input", clip, "--detector", "none", *outputs, *given)
    assert_one_clear_line(result, word)
    assert sorted(elsewhere.rglob("*")) == before
    assert clip.read_bytes() == data


@pytest.mark.parametrize("suffix", [".exr", ".hdr.nothing", ".xyz"])
def test_a_picture_format_that_opencv_cannot_write_is_one_line(
    fer_edge: Invoke, picture: Path, elsewhere: Path, suffix: str
) -> None:
    result = fer_edge("run", "--quiet", "--input", picture, "--annotate", f"out{suffix}")
    assert_one_clear_line(result, "is not a picture format")


def test_two_outputs_may_go_to_the_same_device(fer_edge: Invoke, clip: Path) -> None:
    result = fer_edge(
        *("run", "--input", clip, "--detector", "none"),
        *("--csv", "/dev/null", "--jsonl", "/dev/null"),
    )
    assert (result.exit_code, result.output) == (0, "")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("style", [[], ["blur"], ["pixelate"], ["box"]])
def test_anonymized_pictures_show_no_face_and_the_lines_are_the_same(
    fer_edge: Invoke, style: list[str]
) -> None:
    pytest.importorskip("matplotlib")
    photo = sample_photo()
    plain = fer_edge("run", "--input", photo, "--annotate", "plain.png")
    covered = fer_edge("run", "--input", photo, "--annotate", "covered.png", "--anonymize", *style)
    (a,), (b,) = (json.loads(result.stdout)["faces"] for result in (plain, covered))
    assert a == b
    again = fer_edge("run", "--input", "covered.png")
    assert json.loads(again.stdout)["faces"] == []


def small_faces(count: int) -> NDArray[np.uint8]:
    """Return a picture of 1920x1080 pixels with a row of faces, 40 pixels high."""
    photo = cv2.imread(str(sample_photo()))
    head = cv2.resize(photo[80:380, 130:390], (56, 65), interpolation=cv2.INTER_AREA)
    image = np.full((1080, 1920, 3), 110, np.uint8)
    for n in range(count):
        image[100:165, 100 + 200 * n : 156 + 200 * n] = head
    return image


@pytest.mark.parametrize(
    ("limit", "recognized"), [([], 6), (["--min-face", 60], 0), (["--max-faces", 1], 1)]
)
def test_limits_of_recognition_leave_no_face_uncovered(
    fer_edge: Invoke, elsewhere: Path, limit: list[object], recognized: int
) -> None:
    pytest.importorskip("matplotlib")
    cv2.imwrite("small.png", small_faces(6))
    result = fer_edge(
        *("run", "--input", "small.png", "--annotate", "covered.png", "--anonymize", "box", *limit)
    )
    assert len(json.loads(result.stdout)["faces"]) == recognized
    covered = cv2.imread("covered.png")
    assert covered is not None
    for n in range(6):  # the middle of each face, inside the box that is drawn around it
        assert covered[128:142, 120 + 200 * n : 134 + 200 * n].std(axis=(0, 1)).max() < 3


def test_a_new_face_of_a_video_is_covered_in_its_first_frame_whatever_the_size_of_detection(
    fer_edge: Invoke, elsewhere: Path
) -> None:
    pytest.importorskip("matplotlib")
    video = cv2.VideoWriter("small.avi", cv2.VideoWriter.fourcc(*"MJPG"), 25, (1920, 1080))
    for count in (0, 6, 6):
        video.write(small_faces(count))
    video.release()
    options = ("--quiet", "--annotate", "frames", "--anonymize", "box", "--detect-size", 1280)
    assert fer_edge("run", "--input", "small.avi", *options).exit_code == 0
    for name in ("000001", "000002"):  # the detector looks into frames 0 and 5 only
        covered = cv2.imread(f"frames/{name}.jpg")
        assert covered is not None
        for n in range(6):
            assert covered[128:142, 120 + 200 * n : 134 + 200 * n].std(axis=(0, 1)).max() < 3


@pytest.mark.slow
def test_rows_go_to_stdout_whatever_it_is(clip: Path, elsewhere: Path) -> None:
    command = [*RUN, "--input", str(clip), "--detector", "none", "--csv"]
    piped = subprocess.run([*command, "-", "-q"], capture_output=True, text=True, check=True)
    assert len(piped.stdout.splitlines()) == CLIP_FRAMES + 1
    for name in ("-", "/dev/stdout"):
        with Path("rows.csv").open("wb", buffering=0) as file:
            file.write(b"before\n")
            subprocess.run([*command, name, "-q"], stdout=file, check=True)
            file.write(b"after\n")
        assert Path("rows.csv").read_text() == f"before\n{piped.stdout}after\n"
    assert Path("/dev/stdout").is_symlink()
    both = subprocess.run([*command, "-"], capture_output=True, text=True, check=False)
    assert both.returncode == 2
    assert "add --jsonl none" in both.stderr


def test_anonymize_knows_its_styles(fer_edge: Invoke, picture: Path) -> None:
    result = fer_edge("run", "--input", picture, "--anonymize", "smear")
    assert result.exit_code == 2
    assert "'blur', 'pixelate', 'box'" in result.stderr


def test_standard_output_on_a_full_disk_is_one_line_and_the_others_are_finished(
    clip: Path, elsewhere: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*RUN, "--input", str(clip), "--detector", "none", "--csv", "a.csv"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(
        "fer-edge: error: cannot write /dev/stdout: No space left on device"
    )
    assert list(elsewhere.iterdir()) == []  # the first line failed, so there is nothing to keep
