import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import OutputError, SourceError
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.publish.files.annotated_pictures import AnnotatedPictures
from fer_edge.runtime.publish.files.annotated_video import AnnotatedVideo
from fer_edge.runtime.publish.files.json_lines import JsonLinesFile
from fer_edge.runtime.publish.pipeline import run_to_end
from fer_edge.runtime.publish.sink import ReaderGoneError, Sink
from fer_edge.runtime.recognition.result import Result

from ...support.programs import read_one_line_and_go
from ...support.results import File, Live, make_face, make_result


class Failing:
    """Output that fails at its third frame."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self._frames = 0
        self.complete: bool | None = None

    def write(self, result: Result) -> None:
        self._frames += 1
        if self._frames == 3:
            raise self._error

    def close(self, *, complete: bool) -> None:
        self.complete = complete


@pytest.fixture
def small_disk(make_disk: Callable[[str], Path]) -> Path:
    """A disk of 3 MiB."""
    return make_disk("3m")


def frames(
    count: int, *, step_s: float = 0.1, size: tuple[int, int] = (64, 96), start: int = 0
) -> list[Result]:
    return [
        make_result(make_face(), index=i, time_s=i * step_s, size=size)
        for i in range(start, start + count)
    ]


def run(source: Live, *sinks: Callable[[], Sink]) -> int:
    return run_to_end(source, source, sinks)


def times_in(path: Path) -> list[float]:
    source = open_source(path)
    times_s = [frame.time_s for frame in source]
    source.close()
    return times_s


def count_frames(path: Path) -> int:
    return len(times_in(path))


@pytest.mark.parametrize("make", [File, Live])
def test_an_output_that_fails_ends_the_run_and_the_others_are_finished(
    tmp_path: Path, make: type[Live]
) -> None:
    source, failing = make(frames(5)), Failing(OutputError("no more"))
    with pytest.raises(OutputError, match="no more"):
        run(
            source,
            lambda: JsonLinesFile(tmp_path / "a.jsonl"),
            lambda: failing,
            lambda: AnnotatedVideo(tmp_path / "b.mp4", source),
        )
    assert failing.complete is False
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 3
    assert count_frames(tmp_path / "b.mp4") == 2


def test_a_reader_who_has_gone_is_a_normal_end(tmp_path: Path) -> None:
    source, gone = File(frames(5)), Failing(ReaderGoneError())
    with pytest.raises(ReaderGoneError):
        run(source, lambda: gone, lambda: AnnotatedVideo(tmp_path / "b.mkv", source))
    assert gone.complete is True
    assert count_frames(tmp_path / "b.mkv") == 2


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv"])
def test_a_camera_that_dies_takes_no_output_along(tmp_path: Path, suffix: str) -> None:
    source = Live(frames(5), error=SourceError("unplugged"))
    video = tmp_path / f"b.{suffix}"
    with pytest.raises(SourceError, match="unplugged"):
        run(
            source,
            lambda: JsonLinesFile(tmp_path / "a.jsonl"),
            lambda: AnnotatedVideo(video, source),
        )
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 5
    assert count_frames(video) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", video.name]


def test_frames_of_two_starts_are_told_apart(tmp_path: Path) -> None:
    path, pictures = tmp_path / "a.jsonl", tmp_path / "pictures"
    for _ in range(2):
        source = Live(frames(2))  # like a source of another package: without the time of day
        lines = partial(JsonLinesFile, path, in_place=True)
        run(source, lines, partial(AnnotatedPictures, pictures, source))
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["frame"] for record in records] == [0, 1, 0, 1]
    runs = [record["run"] for record in records]
    assert runs[0] == runs[1] != runs[2] == runs[3]
    moments = [record["time"] for record in records]
    assert moments == sorted(moments)
    assert sorted(file.name for file in pictures.iterdir()) == [
        f"{moment.replace(':', '')}-{record['frame']:06d}.jpg"
        for moment, record in zip(moments, records, strict=True)
    ]


def test_files_give_the_same_lines_whenever_they_are_read(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        run(File(frames(2)), partial(JsonLinesFile, tmp_path / name))
    assert (tmp_path / "a.jsonl").read_text() == (tmp_path / "b.jsonl").read_text()
    assert '"time": null, "run": null' in (tmp_path / "a.jsonl").read_text()


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv"])
def test_a_camera_without_a_frame_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    source = Live(error=SourceError("unplugged"))
    with pytest.raises(SourceError):
        run(source, lambda: AnnotatedVideo(tmp_path / "out" / f"b.{suffix}", source))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("suffix", ["avi", "mkv", "mp4"])
@pytest.mark.parametrize(
    ("times_s", "shown_s"),
    [
        ([0, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.3]),  # at the frame rate that the camera reports
        ([5.0, 5.2, 5.4, 5.6], [0, 0.2, 0.4, 0.6]),  # half that rate: frames are shown longer
        ([0, 0.1, 3600.0, 3600.1], [0, 0.1, 0.2, 0.3]),  # the camera was away for an hour
        ([7.0, 7.1, 0.0, 0.1], [0, 0.1, 0.2, 0.3]),  # the clock was set back
    ],
)
def test_a_live_video_keeps_the_clock(
    tmp_path: Path, suffix: str, times_s: list[float], shown_s: list[float]
) -> None:
    source = Live([make_result(index=i, time_s=time_s) for i, time_s in enumerate(times_s)])
    run(source, lambda: AnnotatedVideo(tmp_path / f"b.{suffix}", source))
    assert times_in(tmp_path / f"b.{suffix}") == pytest.approx(shown_s, abs=0.002)


def test_a_camera_twice_as_fast_as_it_says_keeps_its_clock(tmp_path: Path) -> None:
    times_s = [i / 20 for i in range(9)]
    source = Live([make_result(index=i, time_s=time_s) for i, time_s in enumerate(times_s)])
    for suffix in ("mkv", "avi"):
        run(source, lambda suffix=suffix: AnnotatedVideo(tmp_path / f"b.{suffix}", source))
    assert times_in(tmp_path / "b.mkv") == pytest.approx(times_s, abs=0.002)
    # an .avi has a fixed frame rate, so some frames are omitted
    assert times_in(tmp_path / "b.avi") == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("claimed_hz", [0.0, 90000.0])
def test_a_rate_that_cannot_be_is_not_believed(tmp_path: Path, claimed_hz: float) -> None:
    source = Live(frames(10), frame_rate_hz=claimed_hz)
    run(source, lambda: AnnotatedVideo(tmp_path / "b.mkv", source))
    assert times_in(tmp_path / "b.mkv") == pytest.approx([i / 10 for i in range(10)], abs=0.002)


def test_a_live_video_replaces_no_older_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        source = Live(frames(number + 1))
        run(source, lambda source=source: AnnotatedVideo(tmp_path / "b.mkv", source))
    assert [
        count_frames(tmp_path / name) for name in ("b.mkv", "b-2.mkv", "b-3.mkv")
    ] == [1, 2, 3]  # fmt: skip
    assert [message.split("exists")[1] for message in caplog.messages] == [
        f"; this run writes {tmp_path / 'b-2.mkv'}",
        f"; this run writes {tmp_path / 'b-3.mkv'}",
    ]


@pytest.mark.parametrize("suffix", ["mp4", "avi", "mkv"])
def test_live_runs_at_the_same_time_with_the_same_name_keep_their_videos(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = Live()
    videos = [AnnotatedVideo(tmp_path / f"b.{suffix}", source) for _ in range(3)]
    for number, video in enumerate(videos):
        for shown in frames(number + 1):
            video.write(shown)
    for video in videos:
        video.close(complete=True)
    names = [f"b.{suffix}", f"b-2.{suffix}", f"b-3.{suffix}"]
    assert [count_frames(tmp_path / name) for name in names] == [1, 2, 3]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    ends = [message.rpartition("writes ")[2] for message in caplog.messages]
    assert ends == [str(tmp_path / name) for name in names[1:]]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_link_to_a_live_video_that_is_not_there_yet_stays(tmp_path: Path, suffix: str) -> None:
    link, target = tmp_path / f"b.{suffix}", tmp_path / "disk" / f"new.{suffix}"
    target.parent.mkdir()
    link.symlink_to(target)
    source = Live(frames(2))
    run(source, lambda: AnnotatedVideo(link, source))
    assert link.is_symlink()
    assert count_frames(target) == 2


@pytest.mark.parametrize(("suffix", "lost"), [("avi", 0), ("mkv", 1)])
def test_a_live_video_loses_its_last_frame_at_most_when_it_is_killed(
    tmp_path: Path, suffix: str, lost: int
) -> None:
    program = f"""
import os, signal
from pathlib import Path
from fer_edge.runtime.publish.files.annotated_video import AnnotatedVideo
from tests.support.results import Live, make_result
sink = AnnotatedVideo(Path({str(tmp_path / "cut")!r} + ".{suffix}"), Live())
for i in range(60):
    sink.write(make_result(index=i, time_s=i / 10, size=(240, 320)))
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)
    assert done.returncode == -9
    assert count_frames(tmp_path / f"cut.{suffix}") >= 60 - lost


@pytest.mark.parametrize("name", ["b.mp4", "b.avi", "b.mkv"])
@pytest.mark.parametrize("make", [File, Live])
def test_a_full_disk_ends_a_video_in_one_line(
    tmp_path: Path,
    small_disk: Path,
    name: str,
    make: type[Live],
    capfd: pytest.CaptureFixture[str],
) -> None:
    pictures = [make_result(index=i, time_s=i / 10, size=(240, 320)) for i in range(8)]
    many = [
        Result(type(p.frame)(p.frame.image, i, i / 10, "x"), ()) for i in range(400)
        for p in [pictures[i % 8]]
    ]  # fmt: skip
    source = make(many)
    with pytest.raises(OutputError) as caught:
        run(
            source,
            lambda: JsonLinesFile(tmp_path / "a.jsonl"),
            lambda: AnnotatedVideo(small_disk / name, source),
        )
    assert f"cannot write {small_disk / name}: No space left on device" in str(caught.value)
    assert 0 < len((tmp_path / "a.jsonl").read_text().splitlines()) < 400
    kept = [path.name for path in small_disk.iterdir()]
    assert kept == ([name] if make is Live and name != "b.mp4" else [])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["b.mp4", "b.avi"])
def test_a_folder_that_vanishes_ends_in_one_line(tmp_path: Path, name: str) -> None:
    class Vanishing(File):
        def read_frame(self, frame):  # type: ignore[no-untyped-def]
            if frame.index == 3:
                shutil.rmtree(tmp_path / "out")
            return super().read_frame(frame)

    source = Vanishing(frames(60))
    with pytest.raises(OutputError, match=f"{name}"):
        run(source, lambda: AnnotatedVideo(tmp_path / "out" / name, source))
    source = Vanishing(frames(5))
    with pytest.raises(OutputError, match=r"cannot write .*a.jsonl: No such file"):
        run(source, lambda: JsonLinesFile(tmp_path / "out" / "a.jsonl"))
    source = Vanishing(frames(5))  # each picture is complete, so the folder is made again
    run(source, lambda: AnnotatedPictures(tmp_path / "out", source))
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_frames_of_another_size_are_fitted_in_whole(tmp_path: Path) -> None:
    source = File(
        [
            Result(type(r.frame)(np.full((*size, 3), 255, np.uint8), i, 0.0, "x"), ())
            for i, (size, r) in enumerate(zip([(60, 80), (80, 40)], frames(2), strict=True))
        ]
    )
    run(source, lambda: AnnotatedVideo(tmp_path / "b.avi", source))
    video = open_source(tmp_path / "b.avi")
    first, second = (frame.image for frame in video)
    video.close()
    assert first.min() > 200
    assert second[:, 30:50].min() > 200  # the fitted frame is 30 pixels wide
    assert second[:, :20].max() < 50


def test_head_gets_its_line_and_the_other_outputs_are_finished(tmp_path: Path) -> None:
    long = tmp_path / "long.avi"
    writer = cv2.VideoWriter(str(long), cv2.VideoWriter.fourcc(*"MJPG"), 8, (80, 60))
    for i in range(400):
        writer.write(np.full((60, 80, 3), i % 256, np.uint8))
    writer.release()
    options = ["--input", long, "--detector", "none", "--video", tmp_path / "out.mp4"]
    read_one_line_and_go(*options, "--csv", tmp_path / "out.csv")
    rows = (tmp_path / "out.csv").read_text().splitlines()
    assert 1 <= count_frames(tmp_path / "out.mp4") <= len(rows) < 400
