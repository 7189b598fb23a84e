import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result

from fer_edge.faces.labels import FER2013
from fer_edge.model.bundled import DEFAULT_MODEL, bundled_models
from fer_edge.pictures.sample_photo import sample_photo
from tests.support.clear_line import assert_one_clear_line
from tests.support.clip import CLIP_FRAMES

from ...support.programs import read_one_line_and_go

Invoke = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def photo() -> Path:
    pytest.importorskip("matplotlib")
    return sample_photo()


def records(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return [json.loads(line) for line in result.stdout.splitlines()]


def check_face(face: dict[str, Any], width: int, height: int) -> None:
    assert set(face["scores"]) == set(FER2013)
    assert sum(face["scores"].values()) == pytest.approx(1, abs=0.03)
    assert face["label"] in FER2013
    assert face["scores"][face["label"]] == max(face["scores"].values())
    left, top, right, bottom = face["box"]
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_the_sample_photograph_is_read_as_one_face_in_valid_json(
    fer_edge: Invoke, photo: Path
) -> None:
    (record,) = records(fer_edge("run", "--input", photo))
    (face,) = record["faces"]
    check_face(face, 512, 600)
    assert record["source"] == str(photo)


def test_a_picture_without_a_face_is_a_record_without_faces(
    fer_edge: Invoke, picture: Path
) -> None:
    (record,) = records(fer_edge("run", "--input", picture))
    assert record["faces"] == []


def test_without_a_detector_every_picture_is_a_face(fer_edge: Invoke, picture: Path) -> None:
    (picture.parent / "second.png").write_bytes(picture.read_bytes())
    command = ("run", "--input", picture.parent, "--detector", "none", "--uncertain-below", 0)
    read = records(fer_edge(*command))
    assert [Path(record["source"]).name for record in read] == ["picture.png", "second.png"]
    assert read[0]["faces"] == read[1]["faces"]
    check_face(read[0]["faces"][0], 80, 60)


@pytest.mark.parametrize(
    ("options", "count"),
    [([], CLIP_FRAMES), (["--max-frames", 5], 5), (["--max-frames", 2**63 - 1], CLIP_FRAMES)],
)
def test_a_video_is_a_record_per_frame(
    fer_edge: Invoke, clip: Path, options: list[object], count: int
) -> None:
    read = records(fer_edge("run", "--input", clip, "--detector", "none", *options))
    assert [record["frame"] for record in read] == list(range(count))
    assert read[4]["time_s"] == pytest.approx(0.5)


def test_every_output_is_written_when_asked_for(
    fer_edge: Invoke, clip: Path, elsewhere: Path
) -> None:
    result = fer_edge(
        *("run", "--input", clip, "--detector", "none", "--jsonl", "lines.jsonl"),
        *("--video", "out.mp4", "--annotate", "frames", "--max-frames", 4),
    )
    assert (result.exit_code, result.output) == (0, "")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["frames", "lines.jsonl", "out.mp4"]
    assert len(list((elsewhere / "frames").iterdir())) == 4
    assert len((elsewhere / "lines.jsonl").read_text().splitlines()) == 4


def test_nothing_is_stored_unless_asked_for(fer_edge: Invoke, clip: Path, elsewhere: Path) -> None:
    records(fer_edge("run", "--input", clip, "--max-frames", 1))
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [[], ["--input", "x", "--camera", "0"], ["--input", "x", "--max-frames", "0"]]
)
def test_neither_or_both_of_input_and_camera_is_a_usage_error(
    fer_edge: Invoke, arguments: list[str]
) -> None:
    result = fer_edge("run", *arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert result.stdout == ""


def bad_files(folder: Path, clip: Path) -> None:
    """Write one file with each kind of damage into a folder."""
    model, video = bundled_models()[DEFAULT_MODEL].read_bytes(), clip.read_bytes()
    flipped = bytearray(model)
    flipped[len(model) // 2] ^= 1
    for name, data in {
        "text.jpg": b"hello",
        "empty.jpg": b"",
        "cut.avi": video[: len(video) // 2],
        "cut.mp4": b"\x00\x00\x00\x20ftypisom" + bytes(100),
        "notes.txt": b"hello\n" * 100,
        "model.keras": b"PK\x03\x04" + bytes(100),
        "cut.tflite": model[: len(model) // 2],
        "flipped.tflite": bytes(flipped),
        "bare.tflite": model[:1000] + bytes(100),
        "bad.onnx": b"no network",
    }.items():
        (folder / name).write_bytes(data)
    (folder / "empty").mkdir()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--input", "missing.jpg"], "does not exist"),
        (["--input", "text.jpg"], "is not a supported picture"),
        (["--input", "empty.jpg"], "is empty"),
        (["--input", "empty"], "has no readable picture"),
        (["--input", "cut.avi"], "is truncated"),
        (["--input", "cut.mp4"], "neither a picture nor a video"),
        (["--input", "notes.txt"], "neither a picture nor a video"),
        (["--input", "y" * 300], "File name too long"),
        (["--input", "rtsp://127.0.0.1:1/x"], "cannot be opened"),
        (["--camera", "63"], "camera 63 (/dev/video63) does not exist"),
        (["--input", "PICTURE", "--model", "model.keras"], "fer-edge convert"),
        (["--input", "PICTURE", "--model", "cut.tflite"], "truncated"),
        (["--input", "PICTURE", "--model", "flipped.tflite"], "altered or damaged"),
        (["--input", "PICTURE", "--model", "bare.tflite"], "no card"),
        (["--input", "PICTURE", "--model", "missing.tflite"], "cannot be read"),
        (["--input", "PICTURE", "--model", "x" * 300], "is neither a file nor bundled"),
        (["--input", "PICTURE", "--model", "nothing"], "neither a file nor bundled"),
        (["--input", "PICTURE", "--detector-model", "bad.onnx"], "expected a face detector"),
        (["--input", "PICTURE", "--detector-model", "missing.onnx"], "expected a face detector"),
        (["--input", "PICTURE", "--delegate", "libmissing.so"], "omit the delegate"),
        (["--input", "PICTURE", "--detector-delegate", "./x.so"], "omit the delegate"),
        (["--input", "PICTURE", "--video", "out.gif"], ".mp4, .avi or .mkv"),
        (["--input", "PICTURE", "--annotate", "out.xyz"], "not a picture format"),
        (["--input", "PICTURE", "--video", "PICTURE/out.mp4"], "cannot write"),
        (["--input", "PICTURE", "--jsonl", "empty"], "Is a directory"),
    ],
)
def test_every_bad_input_is_one_clear_line_and_leaves_no_file(
    fer_edge: Invoke,
    picture: Path,
    clip: Path,
    elsewhere: Path,
    arguments: list[str],
    word: str,
) -> None:
    bad_files(elsewhere, clip)
    before = sorted(elsewhere.rglob("*"))
    given = [argument.replace("PICTURE", str(picture)) for argument in arguments]
    outputs = [] if "--jsonl" in given else ["--jsonl", "lines.jsonl"]
    assert_one_clear_line(fer_edge("run", *given, *outputs), word)
    assert sorted(elsewhere.rglob("*")) == before


def test_the_demo_prints_the_face_and_writes_the_annotated_picture(
    fer_edge: Invoke, photo: Path, elsewhere: Path
) -> None:
    result = fer_edge("demo")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert f"face 1 of 1 in {photo.name}: " in result.stdout
    assert all(f"\n  {label:9} " in result.stdout for label in FER2013)
    shares = [float(line.split()[1].rstrip("%")) for line in result.stdout.splitlines()[1:8]]
    assert shares == sorted(shares, reverse=True)
    assert [path.name for path in elsewhere.iterdir()] == ["fer-edge-demo.png"]
    drawn = cv2.imread("fer-edge-demo.png")
    assert drawn.shape == (600, 512, 3)
    assert not np.array_equal(drawn, cv2.imread(str(photo)))


@pytest.mark.parametrize("read", ["--input", "--model"])
def test_the_demo_does_not_write_over_what_it_reads(
    fer_edge: Invoke, tmp_path: Path, read: str
) -> None:
    file = tmp_path / "file.png"
    file.write_bytes(b"what is read")
    result = fer_edge("demo", read, file, "--out", file)
    assert_one_clear_line(result, f"--out {file} is the", "choose another path")
    assert result.exit_code == 2
    assert file.read_bytes() == b"what is read"


def test_the_demo_speaks_json_and_writes_where_it_is_told(
    fer_edge: Invoke, photo: Path, elsewhere: Path
) -> None:
    result = fer_edge("demo", "--json", "--input", photo, "--out", "deep/er/x.jpg")
    (record,) = records(result)
    check_face(record["faces"][0], 512, 600)
    assert cv2.imread("deep/er/x.jpg").shape == (600, 512, 3)


def test_the_demo_refuses_what_it_cannot_do_and_leaves_no_file(
    fer_edge: Invoke, picture: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_one_clear_line(fer_edge("demo", "--input", picture), "no face was found", "--input")
    assert_one_clear_line(fer_edge("demo", "--input", "missing.jpg"), "cannot be read")
    assert_one_clear_line(fer_edge("demo", "--out", "x.none"), "not a picture format")
    assert_one_clear_line(fer_edge("demo", "--out", picture / "x.png"), "cannot write")
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: MissingFiles())
    assert_one_clear_line(fer_edge("demo"), "pip install 'fer-edge[demo]'")
    assert list(elsewhere.iterdir()) == []


class MissingFiles:
    files = None


def test_a_reader_of_the_lines_that_goes_away_ends_the_run_without_complaint(
    picture: Path,
) -> None:
    for number in range(300):  # together their lines are longer than a pipe's buffer
        (picture.parent / f"{number}.png").hardlink_to(picture)
    read_one_line_and_go("--input", picture.parent, "--detector", "none")
