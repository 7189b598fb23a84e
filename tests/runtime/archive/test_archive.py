import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("pyarrow", reason="pyarrow is not installed (fer-edge[archive])")

from fer_edge.cli.main import main
from fer_edge.runtime.archive.engine import PlainLoop
from fer_edge.runtime.archive.job import run_archive
from fer_edge.runtime.archive.pool import ProcessPool
from tests.support.archives import config, digest_of, files_of, make_clip, rows_of
from tests.support.clear_line import assert_one_clear_line
from tests.support.made_videos import make, moving

Cli = Callable[..., Result]


def loop(out: Path, *places: Path, **more: object) -> None:
    """Run `fer-edge archive` over these places in this process."""
    run_archive(config(out, **more), [str(place) for place in places], PlainLoop())


@pytest.mark.slow
def test_every_clip_gives_one_file_and_each_frame_its_rows(videos: Path, tmp_path: Path) -> None:
    loop(tmp_path / "out", videos)
    assert len(files_of(tmp_path / "out")) == 6
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in files_of(tmp_path / "out"))
    rows = rows_of(tmp_path / "out")
    assert {row["source"] for row in rows} == {str(path) for path in videos.rglob("*.mp4")}
    assert len({(row["source"], row["frame"]) for row in rows}) == len(rows) == 48
    assert {row["time_s"] for row in rows if row["frame"] == 3} == {0.3}
    shares = [sum(value for name, value in row.items() if name.startswith("p_")) for row in rows]
    assert shares == pytest.approx([1] * 48, abs=1e-3)


def test_rows_are_what_fer_edge_run_says(fer_edge: Cli, videos: Path, tmp_path: Path) -> None:
    clip = next(videos.rglob("*.mp4"))
    loop(tmp_path / "out", clip)
    lines = fer_edge("run", "--input", clip).stdout.splitlines()
    said = [face["label"] for line in lines for face in json.loads(line)["faces"]]
    assert [row["label"] for row in rows_of(tmp_path / "out")] == said


@pytest.mark.slow
def test_a_pool_and_a_plain_loop_give_equal_rows(videos: Path, tmp_path: Path) -> None:
    loop(tmp_path / "loop", videos)
    run_archive(config(tmp_path / "pool"), [str(videos)], ProcessPool(2))
    assert digest_of(tmp_path / "loop") == digest_of(tmp_path / "pool")


def test_the_same_command_again_reads_what_is_missing_and_nothing_twice(
    videos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    loop(out, videos)
    digest, (gone, *kept) = digest_of(out), files_of(out)
    before = {path: path.stat().st_mtime_ns for path in kept}
    gone.unlink()
    ended = run_archive(config(out), [str(videos)], PlainLoop())
    assert (ended.done, ended.before, ended.failed) == (1, 5, 0)
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert digest_of(out) == digest


def test_a_damaged_file_of_results_is_made_again(videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    loop(out, videos)
    digest, (broken, *_) = digest_of(out), files_of(out)
    broken.write_bytes(broken.read_bytes()[:-20])
    loop(out, videos)
    assert digest_of(out) == digest


def test_a_clip_that_changed_is_read_again(videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    loop(out, videos)
    make_clip(next(videos.rglob("clip-3.mp4")), frames=5)
    ended = run_archive(config(out), [str(videos)], PlainLoop())
    assert ended.done == 1
    assert len(rows_of(out)) == 5 * 8 + 5


@pytest.mark.slow
def test_other_options_are_noticed_and_not_mixed(
    fer_edge: Cli, videos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    loop(out, videos)
    digest = digest_of(out)
    result = fer_edge("archive", videos, "--out", out, "--smooth", "1")
    assert_one_clear_line(result, "smooth_s 0.2 (now 1.0)", "--overwrite")
    result = fer_edge("archive", videos, "--out", out, "--model", "tiny")
    assert_one_clear_line(result, "model", "--overwrite")
    assert digest_of(out) == digest
    assert fer_edge("archive", videos, "--out", out, "--smooth", 1, "--overwrite").exit_code == 0
    assert len(files_of(out)) == 6
    assert digest_of(out) != digest


@pytest.mark.slow
def test_a_split_video_has_the_frames_of_the_whole_one(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    clip = make_clip(tmp_path / "long.mp4", frames=130, gap=25)
    loop(tmp_path / "whole", clip)
    loop(tmp_path / "split", clip, split_min=4 / 60)
    whole, split = rows_of(tmp_path / "whole"), rows_of(tmp_path / "split")
    assert len(files_of(tmp_path / "split")) == 4
    assert {row["span"] for row in split} == {0, 1, 2, 3}
    for column in ("time_s", "seconds"):
        assert [row[column] for row in split] == pytest.approx([row[column] for row in whole])
    same = sum(one["label"] == other["label"] for one, other in zip(split, whole, strict=True))
    assert same >= 0.95 * len(whole)


@pytest.mark.slow
def test_another_split_replaces_the_spans_of_the_old_one(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    clip, out = make_clip(tmp_path / "long.mp4", frames=60), tmp_path / "out"
    loop(out, clip, split_min=2 / 60)
    loop(out, clip, split_min=3 / 60, overwrite=True)
    assert len(files_of(out)) == 2
    assert len(rows_of(out)) == 60


def test_one_frame_in_a_second_stands_for_a_second(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    clip = make_clip(tmp_path / "clip.mp4", frames=30)
    loop(tmp_path / "out", clip, every_s=1.0)
    rows = rows_of(tmp_path / "out")
    assert [row["time_s"] for row in rows] == [0.0, 1.0, 2.0]
    assert [row["frame"] for row in rows] == [0, 10, 20]  # as in `fer-edge run --sample-every 1`
    assert [row["seconds"] for row in rows] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("split_min", [60.0, 4 / 60])
def test_the_seconds_of_sampled_frames_add_up_to_the_video(
    tmp_path: Path, split_min: float
) -> None:
    pytest.importorskip("matplotlib")
    clip = make_clip(tmp_path / "clip.mp4", frames=100)
    loop(tmp_path / "out", clip, every_s=3.0, split_min=split_min)
    rows = rows_of(tmp_path / "out")
    assert [row["seconds"] for row in rows] == pytest.approx([3.0, 3.0, 3.0, 1.0])
    numbers = [0, 30, 60, 90] if split_min > 1 else [0, 30, 0, 0]  # spans of 4 s
    assert [row["frame"] for row in rows] == numbers


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_text_formats_hold_the_same_rows_and_resume(
    videos: Path, tmp_path: Path, format_: str
) -> None:
    import csv

    out = tmp_path / "out"
    loop(tmp_path / "parquet", videos)
    loop(out, videos, format=format_)
    files, rows = files_of(out), []
    for path in files:
        with path.open(encoding="utf-8") as file:
            rows += list(csv.DictReader(file) if format_ == "csv" else map(json.loads, file))
    expected = rows_of(tmp_path / "parquet")
    labels = sorted((row["source"], int(row["frame"]), row["label"]) for row in rows)
    assert labels == [(row["source"], row["frame"], row["label"]) for row in expected]
    assert rows[0].keys() == expected[0].keys()
    assert run_archive(config(out, format=format_), [str(videos)], PlainLoop()).done == 0


def test_without_pyarrow_text_is_written_and_parquet_names_the_extra(
    fer_edge: Cli, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "fer_edge.runtime.archive.parquet_file", raising=False)
    monkeypatch.delattr("fer_edge.runtime.archive.parquet_file", raising=False)
    result = fer_edge("archive", videos, "--out", tmp_path / "out")
    assert_one_clear_line(result, "fer-edge[archive]", "--format csv")
    loop(tmp_path / "out", videos / "room-0", format="csv")
    assert len(files_of(tmp_path / "out")) == 2


@pytest.mark.slow
def test_unreadable_clips_among_good_ones_are_listed_and_tried_again_as_asked(
    fer_edge: Cli, videos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    good, cut = sorted(videos.rglob("*.mp4"))[:2]
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    (videos / "text.mp4").write_text("no video\n")
    first = fer_edge("archive", videos, "--out", out, "--workers", 2)
    assert first.exit_code == 1
    assert "5 units read" in first.stdout
    lines = [json.loads(line) for line in (out / "failures.jsonl").read_text().splitlines()]
    assert {line["source"] for line in lines} == {str(cut), str(videos / "text.mp4")}
    assert all(line["reason"] for line in lines)
    before = (out / "failures.jsonl").read_bytes()
    again = fer_edge("archive", videos, "--out", out, "--workers", 1)
    assert again.exit_code == 1
    assert "0 units read" in again.stdout
    assert (out / "failures.jsonl").read_bytes() == before
    retried = fer_edge("archive", videos, "--out", out, "--workers", 1, "--retry")
    assert len((out / "failures.jsonl").read_text().splitlines()) == 2
    assert retried.exit_code == 1
    cut.write_bytes(whole)
    (videos / "text.mp4").unlink()
    mended = fer_edge("archive", videos, "--out", out, "--workers", 1)
    assert "1 units read" in mended.stdout
    assert mended.exit_code == 0
    assert good.exists()
    assert len(rows_of(out)) == 48


@pytest.mark.slow
def test_a_video_that_cannot_be_converted_does_not_end_the_run(
    fer_edge: Cli, videos: Path, tmp_path: Path
) -> None:
    raw = make(tmp_path / "a.nut", *moving(0.2), "-c:v", "rawvideo", "-pix_fmt", "rgb4")
    raw.rename(videos / "odd.mkv")
    done = fer_edge("archive", videos, "--out", tmp_path / "out", "--workers", 1)
    assert "6 units read" in done.stdout
    (line,) = (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    assert "odd.mkv: FFmpeg cannot convert" in json.loads(line)["reason"]


def test_failures_are_plain_utf8_whatever_the_names(fer_edge: Cli, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / name).write_text("no video")
    fer_edge("archive", tmp_path / "videos", "--out", tmp_path / "out", "--workers", 1)
    (line,) = (tmp_path / "out" / "failures.jsonl").read_text("utf-8").splitlines()
    for text in json.loads(line).values():
        text.encode("utf-8")
    assert json.loads(line)["source"].endswith("caf\\udce9.mp4")


def test_a_pipe_among_the_files_is_named_and_not_waited_for(
    fer_edge: Cli, videos: Path, tmp_path: Path
) -> None:
    os.mkfifo(videos / "pipe.jpg")
    os.mkfifo(videos / "pipe.mp4")
    os.mkfifo(videos / "without-suffix")
    result = fer_edge("archive", videos, "--out", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 1
    lines = (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    assert sorted(Path(json.loads(line)["source"]).name for line in lines) == [
        *("pipe.jpg", "pipe.mp4"),
    ]
    assert len(files_of(tmp_path / "out")) == 6


def test_two_ways_to_write_a_folder_name_no_file_twice(videos: Path, tmp_path: Path) -> None:
    places = [str(videos), str(videos / "room-1" / ".." / "room-1")]
    assert run_archive(config(tmp_path / "out"), places, PlainLoop()).total == 6


def test_names_alike_in_two_folders_and_names_that_are_not_utf8_stay_apart(
    videos: Path, tmp_path: Path
) -> None:
    clip = next(videos.rglob("*.mp4"))
    strange = [
        os.fsdecode(b"caf\xe9.mp4"),
        os.fsdecode(b"caf\xe8.mp4"),
        "a\nb.mp4",
        "x" * 240 + ".mp4",
    ]
    for name in ("one/clip.mp4", "two/clip.mp4", *(f"strange/{name}" for name in strange)):
        (tmp_path / "names" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, tmp_path / "names" / name)
    loop(tmp_path / "out", tmp_path / "names")
    assert len(files_of(tmp_path / "out")) == 6
    assert len({row["source"] for row in rows_of(tmp_path / "out")}) == 6
    assert any(row["source"].endswith("caf\\udce9.mp4") for row in rows_of(tmp_path / "out"))
    again = run_archive(config(tmp_path / "out"), [str(tmp_path / "names")], PlainLoop())
    assert again.done == 0


@pytest.mark.slow
@pytest.mark.parametrize("end", [b"\n", b"\0"])
def test_a_list_on_standard_input_names_files(videos: Path, tmp_path: Path, end: bytes) -> None:
    out = tmp_path / "out"
    names = [os.fsencode(path) for path in sorted(videos.rglob("*.mp4"))[:2]]
    listed = end.join([*names, os.fsencode(tmp_path / "absent.mp4"), b""])
    arguments = ["archive", "-", "--out", str(out), "--workers", "1"]
    result = CliRunner().invoke(main, arguments, input=io.BytesIO(listed))
    assert result.exit_code == 1
    assert len(files_of(out)) == 2
    (line,) = (out / "failures.jsonl").read_text().splitlines()
    assert json.loads(line)["source"] == str(tmp_path / "absent.mp4")


def test_a_pattern_and_a_folder_that_overlap_name_no_file_twice(
    videos: Path, tmp_path: Path
) -> None:
    places = [str(videos / "**" / "clip-*.mp4"), str(videos / "room-1"), str(videos)]
    ended = run_archive(config(tmp_path / "out"), places, PlainLoop())
    assert (ended.total, ended.done) == (6, 6)


def test_a_dry_run_counts_and_writes_nothing(fer_edge: Cli, videos: Path, tmp_path: Path) -> None:
    result = fer_edge("archive", videos, "--out", tmp_path / "out", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "6 videos (0:00:05)" in result.stderr
    assert "workers of this machine" in result.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("place", "words"),
    [("absent", "does not exist"), ("empty", "expected videos or pictures")],
)
def test_a_place_without_anything_to_read_is_one_line(
    fer_edge: Cli, tmp_path: Path, place: str, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    result = fer_edge("archive", tmp_path / place, "--out", tmp_path / "out")
    assert_one_clear_line(result, words)


def test_the_folder_of_results_must_be_named(fer_edge: Cli, videos: Path) -> None:
    result = fer_edge("archive", videos)
    assert result.exit_code == 2
    assert "--out" in result.stderr


@pytest.mark.slow
def test_a_worker_does_not_wait_for_pandas_to_be_imported(tmp_path: Path) -> None:
    """If pandas is installed, most conversions of pyarrow import it, which takes half a second."""
    make_clip(tmp_path / "videos" / "a.mp4", frames=3, seed=0)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from fer_edge.runtime.archive.engine import PlainLoop\n"
        "from fer_edge.runtime.archive.job import run_archive\n"
        "from tests.support.archives import config\n"
        "out, videos = map(Path, sys.argv[1:])\n"
        "assert run_archive(config(out), [str(videos)], PlainLoop()).done == 1\n"
        "assert 'pyarrow' in sys.modules and 'pandas' not in sys.modules\n"
    )
    places = [str(tmp_path / "results"), str(tmp_path / "videos")]
    subprocess.run([sys.executable, "-c", program, *places], check=True)
