"""Failures of workers, drivers and disks in the middle of a run of `fer-edge archive`."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

pytest.importorskip("pyarrow", reason="pyarrow is not installed (fer-edge[archive])")

from fer_edge.child import module_command
from fer_edge.runtime.archive.engine import MOST_LOSSES, PlainLoop
from fer_edge.runtime.archive.job import run_archive
from fer_edge.runtime.archive.pool import ProcessPool
from fer_edge.runtime.archive.result_file import new_result
from fer_edge.runtime.archive.results_folder import locked_results
from fer_edge.runtime.archive.settings import resolve_settings
from fer_edge.runtime.archive.unit import SourceFile, Unit
from fer_edge.runtime.archive.work import Done, Failed, Task
from tests.support.archives import config, digest_of, files_of, make_clip, rows_of
from tests.support.clear_line import assert_one_clear_line

pytestmark = pytest.mark.slow  # starts, kills and restarts whole processes


@pytest.fixture
def expected(videos: Path, tmp_path: Path) -> str:
    """Digest of the rows of a run without any failure."""
    run_archive(config(tmp_path / "expected"), [str(videos)], PlainLoop())
    return digest_of(tmp_path / "expected")


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


@contextmanager
def killing(kill_signal: int, out: Path) -> Iterator[None]:
    """Kill one worker as soon as the first result file exists."""

    def kill() -> None:
        while not files_of(out):
            time.sleep(0.01)
        os.kill(children_of(os.getpid())[0], kill_signal)

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize("kill_signal", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_worker_loses_its_unit_only_which_is_read_again(
    videos: Path, tmp_path: Path, expected: str, kill_signal: int
) -> None:
    out = tmp_path / "out"
    for number in range(6):
        make_clip(videos / f"more-{number}.mp4", seed=number)
    with killing(kill_signal, out):
        ended = run_archive(config(out), [str(videos)], ProcessPool(2))
    assert (ended.total, ended.done, ended.failed) == (12, 12, 0)
    assert ended.lost <= 1  # 0 if the signal came between two units
    assert len(files_of(out)) == 12
    assert len({(row["source"], row["frame"]) for row in rows_of(out)}) == len(rows_of(out)) == 96


class Deadly:
    """Object that kills the process that unpickles it, like a file that uses up all memory."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.abort, ()


def test_a_unit_that_kills_every_worker_is_named_and_the_others_are_done(
    videos: Path, tmp_path: Path
) -> None:
    clips = sorted(videos.rglob("*.mp4"))
    units = [Unit("video", path, (SourceFile(path, 0, 0),)) for path in clips]
    lost = list[tuple[str, bool]]()

    def lose(task: Task, is_again: bool) -> None:
        lost.append((task.unit.name, is_again))

    with locked_results(tmp_path / "out") as identity:
        settings = resolve_settings(config(tmp_path / "out"))
        tasks = [Task(unit, settings, tmp_path / "out", identity) for unit in units]
        tasks[2] = replace(tasks[2], identity=Deadly())  # type: ignore[arg-type]
        outcomes = list(ProcessPool(2).run(tasks, lambda tick: None, lose))
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert [outcome.unit for outcome in failed] == [units[2]]
    assert "killed" in failed[0].reason
    assert lost == [(units[2].name, True)] * (MOST_LOSSES - 1) + [(units[2].name, False)]
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 5


def driver(videos: Path, out: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "fer_edge", "archive", str(videos), "--out", str(out)]
    return subprocess.Popen(
        [*command, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_driver_that_was_stopped_goes_on_and_leaves_no_worker(
    videos: Path, tmp_path: Path, expected: str, stop: signal.Signals
) -> None:
    out = tmp_path / "out"
    with driver(videos, out) as process:
        while not files_of(out):
            assert process.poll() is None
            time.sleep(0.01)
        workers = children_of(process.pid)
        process.send_signal(stop)
        if stop == signal.SIGTERM:
            process.send_signal(stop)  # `timeout` may send it twice
        assert process.stderr
        words = process.stderr.read()
        process.wait(30)
    codes = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}
    assert process.returncode == codes[stop]
    if stop != signal.SIGKILL:
        assert words.splitlines()[-1].startswith("fer-edge: stopped")
    deadline = time.monotonic() + 20
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in workers if is_alive(pid)]
    there = {path: path.stat().st_mtime_ns for path in files_of(out)}
    assert 0 < len(there) < 6
    with driver(videos, out) as process:
        said, _ = process.communicate(timeout=60)
    assert f"{6 - len(there)} units read" in said
    assert {path: path.stat().st_mtime_ns for path in there} == there
    assert digest_of(out) == expected
    assert list((out / ".writing").iterdir()) == []


def test_a_disk_that_fills_up_ends_in_one_line_and_room_lets_it_go_on(
    fer_edge: Callable[..., Result],
    videos: Path,
    tmp_path: Path,
    expected: str,
    make_disk: Callable[[str], Path],
) -> None:
    out = make_disk("24k") / "out"
    result = fer_edge("archive", videos, "--out", out, "--workers", 1)
    assert result.exit_code == 1
    assert "No space left on device; free some space there" in result.stderr.splitlines()[-1]
    subprocess.run(["mount", "-o", "remount,size=4m", str(out.parent)], check=True)
    assert fer_edge("archive", videos, "--out", out, "--workers", 1).exit_code == 0
    assert digest_of(out) == expected


def test_an_error_of_reading_is_not_one_of_writing(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError), new_result(tmp_path, "3f/clip", "csv"):
        raise TimeoutError("a network drive")
    assert not files_of(tmp_path)


def test_a_model_that_cannot_be_read_ends_the_run_and_fails_no_unit(
    fer_edge: Callable[..., Result], videos: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.tflite").write_bytes(b"no model")
    arguments = ("--model", tmp_path / "broken.tflite", "--workers", 1)
    result = fer_edge("archive", videos, "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 1
    assert "broken.tflite" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert (tmp_path / "out" / "failures.jsonl").read_text() == ""


def test_two_archives_do_not_write_into_one_folder(
    fer_edge: Callable[..., Result], videos: Path, tmp_path: Path
) -> None:
    with locked_results(tmp_path / "out"):
        result = fer_edge("archive", videos, "--out", tmp_path / "out")
    assert_one_clear_line(result, "another fer-edge archive is writing")


def test_a_node_that_sees_another_folder_says_so(videos: Path, tmp_path: Path) -> None:
    clip = next(videos.rglob("*.mp4"))
    unit = Unit("video", clip, (SourceFile(clip, 0, 0),))
    task = Task(unit, resolve_settings(config(tmp_path)), tmp_path / "elsewhere", "abc")
    (outcome,) = PlainLoop().run([task], lambda tick: None, lambda task, again: None)
    assert isinstance(outcome, Failed)
    assert "shared folder" in outcome.reason


STRANGERS = ("struct", "signal", "socket", "selectors", "warnings", "threading", "pickle", "re")


def archive_in(folder: Path, out: Path, *videos: Path) -> "subprocess.CompletedProcess[str]":
    """Run `fer-edge archive` with another current folder."""
    command = module_command("fer_edge", "archive", *map(str, videos), "--out", str(out))
    return subprocess.run(
        [*command, "--format", "csv", "--workers", "2"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_python_file_of_the_current_folder_is_run(videos: Path, tmp_path: Path) -> None:
    for name in STRANGERS:
        (videos / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w'); raise OSError")
    done = archive_in(videos, tmp_path / "out", Path())
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()


def test_whole_paths_need_no_current_folder(videos: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = module_command("fer_edge", "archive", str(videos), "--out", str(tmp_path / "out"))
    command = ["sh", "-c", f'rmdir {gone}; exec "$@"', "sh", *code, "--format", "csv"]
    done = subprocess.run(command, cwd=gone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_too_few_open_files_are_one_line_with_the_way_out(videos: Path, tmp_path: Path) -> None:
    code = module_command("fer_edge", "archive", str(videos), "--out", str(tmp_path / "out"))
    command = ["sh", "-c", 'ulimit -n 12; exec "$@"', "sh", *code, "--format", "csv"]
    done = subprocess.run([*command, "--workers", "6"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Too many open files; pass fewer --workers" in done.stderr.splitlines()[-1]


def test_an_empty_place_is_refused(fer_edge: Callable[..., Result], tmp_path: Path) -> None:
    result = fer_edge("archive", "", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "empty" in result.stderr
    assert not (tmp_path / "out").exists()
