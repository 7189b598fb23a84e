import io
import json
import resource
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from fer_edge.errors import ConfigError, OutputError, SourceError
from fer_edge.faces.preprocess import Box
from fer_edge.runtime.capture.frame import Frame
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.publish.files.annotated_pictures import AnnotatedPictures
from fer_edge.runtime.publish.files.annotated_video import AnnotatedVideo
from fer_edge.runtime.publish.files.json_lines import JsonLines, JsonLinesFile
from fer_edge.runtime.publish.files.picture_file import write_picture
from fer_edge.runtime.publish.files.video_encoder import ENCODINGS, Encoding
from fer_edge.runtime.publish.pipeline import run_to_end
from fer_edge.runtime.publish.sink import Sink
from fer_edge.runtime.recognition.result import Face, Result
from tests.support.clip import CLIP_FRAMES

from ...support.readers import open_reader

FACE = Face("fröhlich", {"sad": 0.25, "fröhlich": 0.75}, Box(1.26, -2.0, 30, 40.5), 0.98765)
FRAME = Frame(np.zeros((48, 64, 3), np.uint8), 7, 1.23456, "a\n\udcff☺.jpg")


def run(path: Path, *open_sinks: Callable[..., Sink], **options: Any) -> int:
    """Read a source to its end without a detector; return the result of `run_to_end`."""
    with open_reader(detector="none") as reader:
        source = open_source(path)
        return run_to_end(source, reader, [partial(sink, source) for sink in open_sinks], **options)


def as_jsonl(path: Path) -> Callable[..., Sink]:
    return lambda source: JsonLinesFile(path)


def as_video(path: Path) -> Callable[..., Sink]:
    return lambda source: AnnotatedVideo(path, source)


def as_pictures(path: Path) -> Callable[..., Sink]:
    return lambda source: AnnotatedPictures(path, source)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_record_says_everything_of_a_frame() -> None:
    assert Result(FRAME, (FACE,)).to_dict() == {
        "frame": 7,
        "time_s": 1.2346,
        "time": None,
        "run": None,
        "source": FRAME.name,
        "dropped": 0,
        "times_ms": {
            **{"detect": 0, "track": 0, "crop": 0, "classify": 0, "smooth": 0},
            "total": 0,
        },
        "faces": [
            {
                "track": None,
                "box": [1.3, -2.0, 30, 40.5],
                "detection": 0.9877,
                "label": "fröhlich",
                "scores": {"sad": 0.25, "fröhlich": 0.75},
            }
        ],
    }


def test_a_line_is_one_line_of_ascii_whatever_the_names_are() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    sink = JsonLines(stream)
    for faces in ((), (FACE,), (FACE,) * 3):
        sink.write(Result(FRAME, faces))
    stream.seek(0)
    lines = stream.read().splitlines()
    assert [len(json.loads(line)["faces"]) for line in lines] == [0, 1, 3]
    assert json.loads(lines[0])["source"] == FRAME.name


def test_json_lines_are_complete(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "lines.jsonl"
    assert run(clip, as_jsonl(out)) == CLIP_FRAMES
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [record["frame"] for record in records] == list(range(CLIP_FRAMES))
    assert files_in(out.parent) == ["lines.jsonl"]


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv", ".MP4"])
@pytest.mark.parametrize("frames", [1, 5, None])
def test_an_annotated_video_has_every_frame(
    clip: Path, tmp_path: Path, suffix: str, frames: int | None
) -> None:
    out = tmp_path / "out" / f"annotated{suffix}"
    count = run(clip, as_video(out), max_frames=frames)
    assert count == (frames or CLIP_FRAMES)
    source = open_source(out)
    assert source.frame_rate_hz == pytest.approx(8)
    assert [frame.image.shape for frame in source] == [(120, 160, 3)] * count
    source.close()
    assert files_in(out.parent) == [out.name]


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
def test_frames_of_a_varying_rate_are_shown_at_their_times(tmp_path: Path, suffix: str) -> None:
    times_s = [*(n / 30 for n in range(15)), *(3 + n / 30 for n in range(15))]
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for time_s in times_s:
            frame = av.VideoFrame.from_ndarray(np.zeros((120, 160, 3), np.uint8), "bgr24")
            frame.pts, frame.time_base = round(time_s * 30), Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    run(path, as_video(tmp_path / f"out{suffix}"))
    source = open_source(tmp_path / f"out{suffix}")
    assert [frame.time_s for frame in source] == pytest.approx(times_s, abs=2e-3)
    source.close()


def test_pictures_of_several_sizes_make_one_video(tmp_path: Path) -> None:
    for name, size in (("a.png", (40, 60)), ("b.png", (60, 40))):
        write_picture(tmp_path / "in" / name, np.zeros((*size, 3), np.uint8))
    run(tmp_path / "in", as_video(tmp_path / "out.avi"))
    source = open_source(tmp_path / "out.avi")
    assert [frame.image.shape for frame in source] == [(40, 60, 3)] * 2
    source.close()


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "folder", "old.folder"])
def test_one_picture_is_annotated_into_a_file_or_a_folder(
    picture: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "old.folder").mkdir()
    run(picture, as_pictures(tmp_path / name))
    out = tmp_path / name
    if not Path(name).suffix or out.is_dir():
        out = out / "000000-picture.jpg"
    assert cv2.imread(str(out)).shape == (60, 80, 3)
    assert not list(out.parent.glob(".*"))


def test_several_pictures_are_annotated_into_a_folder(picture: Path, tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "deep/a.png", "x" * 251 + ".png", "é" * 125 + ".png"):
        path = picture.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture.read_bytes())
    run(picture.parent, as_pictures(tmp_path / "out"))
    assert [name[:12] for name in files_in(tmp_path / "out")] == [
        "000000-a.jpg",
        "000001-a.jpg",
        "000002-a.jpg",
        "000003-pictu",
        "000004-xxxxx",
        "000005-ééééé",
    ]


def test_a_video_is_annotated_into_a_folder(clip: Path, tmp_path: Path) -> None:
    run(clip, as_pictures(tmp_path / "out"), max_frames=3)
    assert files_in(tmp_path / "out") == ["000000.jpg", "000001.jpg", "000002.jpg"]


def test_the_name_of_a_video_need_not_be_utf8_and_a_pictures_format_must(clip: Path) -> None:
    odd = clip.with_name("out\udcff.avi")
    run(clip, as_video(odd))
    source = open_source(odd)
    assert len(list(source)) == CLIP_FRAMES
    source.close()
    with pytest.raises(ConfigError, match="not UTF-8; rename it"):
        write_picture(clip.with_name("out.\udcff"), FRAME.image)
    assert files_in(clip.parent) == sorted([clip.name, odd.name])


def test_an_error_on_the_way_leaves_no_file(clip: Path, tmp_path: Path) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.jsonl").write_text("old")
    with pytest.raises(SourceError, match="truncated"):
        run(
            clip,
            as_jsonl(tmp_path / "out" / "new.jsonl"),
            as_jsonl(tmp_path / "out" / "old.jsonl"),
            as_video(tmp_path / "out" / "new.mp4"),
        )
    assert files_in(tmp_path / "out") == ["old.jsonl"]
    assert (tmp_path / "out" / "old.jsonl").read_text() == "old"


def test_ctrl_c_finishes_the_files(clip: Path, tmp_path: Path) -> None:
    class Interrupted:
        is_video, is_live, frame_rate_hz, length, dropped = True, True, 8.0, None, 0

        def __iter__(self) -> Any:
            yield FRAME
            raise KeyboardInterrupt

        def close(self) -> None:
            pass

    out = tmp_path / "out.jsonl"
    with open_reader(detector="none") as reader:
        assert run_to_end(Interrupted(), reader, [lambda: JsonLinesFile(out)]) == 1
    assert len(out.read_text("utf-8").splitlines()) == 1


def test_a_sink_that_cannot_be_closed_keeps_none_of_the_others_open(
    clip: Path, tmp_path: Path
) -> None:
    class Stuck(JsonLines):
        def close(self, *, complete: bool) -> None:
            raise OutputError("stuck")

    out = tmp_path / "out"
    with pytest.raises(OutputError, match="stuck"):
        run(
            clip,
            as_jsonl(out / "a.jsonl"),
            lambda source: Stuck(io.StringIO()),
            as_video(out / "b.avi"),
        )
    assert files_in(out) == ["a.jsonl", "b.avi"]


@pytest.mark.parametrize(
    ("sink", "word"),
    [
        (as_video(Path("x.gif")), "a name that ends in .mp4, .avi or .mkv"),
        (as_video(Path("x")), "a name that ends in .mp4, .avi or .mkv"),
        (as_pictures(Path("x.xyz")), "'.xyz' is not a picture format"),
        (as_video(Path("/proc/x.mp4")), "cannot write /proc/x.mp4"),
        (as_jsonl(Path("/proc/x.jsonl")), "cannot write /proc/x.jsonl"),
        (as_pictures(Path("/proc/x.png")), "cannot write /proc/x.png"),
        (as_pictures(Path("/proc/x/y")), "folder /proc/x/y cannot be created"),
        (as_jsonl(Path("/proc")), "cannot write /proc: Is a directory"),
    ],
)
def test_a_place_or_format_that_cannot_be_written_is_refused(
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sink: Callable[..., Sink],
    word: str,
) -> None:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    with pytest.raises((ConfigError, OutputError)) as caught:
        run(picture, as_jsonl(tmp_path / "cwd" / "first.jsonl"), sink)
    assert word in str(caught.value)
    assert files_in(tmp_path / "cwd") == []


def test_an_encoder_that_cannot_start_is_one_error_and_no_file(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as without memory, it fails with an error that the system does not know
    monkeypatch.setitem(ENCODINGS, ".mp4", Encoding(("libx264",), "gray16le", 90_000))
    with pytest.raises(OutputError, match=r"v\.mp4: the video encoder fails \(.+\)"):
        run(clip, as_video(tmp_path / "out" / "v.mp4"))
    assert files_in(tmp_path / "out") == []


@pytest.mark.parametrize("name", ["x.mp4", "x.avi", "x.mkv", "x.jsonl"])
def test_a_full_disk_leaves_no_file(
    clip: Path, tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / name
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))  # the kernel refuses to write more
    try:
        with pytest.raises((OutputError, OSError)):
            run(clip, as_jsonl(out) if out.suffix == ".jsonl" else as_video(out))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files_in(out.parent) == []
    assert capfd.readouterr().err == ""
