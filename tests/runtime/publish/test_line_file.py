import csv
import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.faces.labels import FER2013
from fer_edge.runtime.publish.files.csv_rows import CsvRows
from fer_edge.runtime.publish.files.json_lines import LINES, JsonLines, JsonLinesFile
from fer_edge.runtime.publish.files.line_file import LineFile
from fer_edge.runtime.publish.files.power_cut import LineFormat
from fer_edge.runtime.publish.sink import ReaderGoneError
from fer_edge.runtime.recognition.result import Result

from ...support.results import make_face, make_result

HEADER = (
    "frame,time_s,time,run,source,track,left,top,right,bottom,detection,label,"
    "angry,disgust,fear,happy,sad,surprise,neutral"
)


@pytest.fixture
def small_disk(make_disk: Callable[[str], Path]) -> Path:
    """A disk of 64 KiB."""
    return make_disk("64k")


def changes(*results: Result) -> list[int]:
    stream = io.StringIO()
    sink = JsonLines(stream, on="change")
    for result in results:
        sink.write(result)
    return [json.loads(line)["frame"] for line in stream.getvalue().splitlines()]


def test_on_change_there_is_a_line_when_a_face_appears_leaves_or_changes_its_label() -> None:
    happy, sad = make_face("happy", 1), make_face("sad", 2)
    assert changes(
        make_result(index=0),
        make_result(index=1),
        make_result(happy, index=2),
        make_result(happy, index=3),
        make_result(sad, happy, index=4),
        make_result(happy, sad, index=5),  # only the order by size has changed
        make_result(make_face("fear", 1), sad, index=6),
        make_result(sad, index=7),
        make_result(make_face("sad", 3), index=8),  # another face
        make_result(index=9),
        make_result(index=10),
    ) == [0, 2, 4, 6, 7, 8, 9]


def test_on_change_every_picture_has_its_line() -> None:
    face = make_face("happy", None)
    assert changes(
        make_result(face, index=0, name="a.jpg"), make_result(face, index=1, name="b.jpg")
    ) == [0, 1]


def test_a_live_file_can_be_read_while_it_grows_and_is_continued_by_the_next_run(
    tmp_path: Path,
) -> None:
    path = tmp_path / "deep" / "live.jsonl"
    for start in (0, 2):
        sink = JsonLinesFile(path, in_place=True)
        for index in (start, start + 1):
            sink.write(make_result(index=index))
            assert len(path.read_text().splitlines()) == index + 1
        sink.close(complete=start == 0)  # a failure removes no lines
    assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == [0, 1, 2, 3]


def test_a_live_file_that_was_moved_or_deleted_is_made_anew_with_its_header(
    tmp_path: Path,
) -> None:
    path, old = tmp_path / "logs" / "live.csv", tmp_path / "live.csv.1"
    sink = CsvRows(path, FER2013, in_place=True)
    sink.write(make_result(make_face(), index=1))
    path.rename(old)
    sink.write(make_result(make_face(), index=2))
    assert old.read_text().splitlines()[0] == HEADER
    path.unlink()
    path.parent.rmdir()
    sink.write(make_result(make_face(), index=3))
    sink.close(complete=True)
    header, row = path.read_text().splitlines()
    assert (header, row.split(",")[0]) == (HEADER, "3")


def test_a_live_file_that_was_emptied_begins_with_its_header_again(tmp_path: Path) -> None:
    path = tmp_path / "live.csv"
    sink = CsvRows(path, FER2013, in_place=True)
    sink.write(make_result(make_face(), index=1))
    os.truncate(path, 0)  # as logrotate's copytruncate
    for index in (2, 3):
        sink.write(make_result(make_face(), index=index))
    sink.close(complete=True)
    CsvRows(path, FER2013, in_place=True).close(complete=True)  # the next run accepts it
    header, *rows = path.read_text().splitlines()
    assert header == HEADER
    assert [row.split(",")[0] for row in rows] == ["2", "3"]


def test_a_row_is_a_face_in_a_frame(tmp_path: Path) -> None:
    path, name = tmp_path / "rows.csv", 'a "photo",\n\udcff☺=1.jpg'
    sink = CsvRows(path, FER2013)
    assert not path.exists()
    sink.write(make_result(index=1))
    sink.write(make_result(make_face("sad", 4), make_face("fear", None), index=2, time_s=0.12345))
    sink.write(make_result(make_face(), index=3, name=name))
    sink.close(complete=True)
    with path.open(encoding="utf-8", newline="") as file:
        header, first, second, third = csv.reader(file)
    assert ",".join(header) == HEADER
    assert first[:5] == ["2", "0.1235", "", "", "camera 0"]
    assert first[5:12] == ["4", "20", "10", "60", "55", "0.9", "sad"]
    assert first[12:] == ["0.05", "0.05", "0.05", "0.05", "0.7", "0.05", "0.05"]
    assert (second[5], second[11]) == ("", "fear")
    assert third[4] == 'a "photo",\\n\\udcff☺=1.jpg'


def test_no_program_acts_on_a_name_in_a_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    sink = CsvRows(path, ("=1", "sad"))
    face = replace(make_face("sad"), probabilities={"=1": 0.3, "sad": 0.7})
    sink.write(make_result(face, name="\x1b]0;pwn\x07\x9b.jpg"))
    sink.write(make_result(face, name='=HYPERLINK("http://x").jpg'))
    sink.close(complete=True)
    with path.open(encoding="utf-8", newline="") as file:
        header, first, second = csv.reader(file)
    assert header[-2:] == ["'=1", "sad"]
    assert first[4] == "\\x1b]0;pwn\\x07\\x9b.jpg"
    assert second[4] == '\'=HYPERLINK("http://x").jpg'


def test_without_a_face_there_is_the_header(tmp_path: Path) -> None:
    sink = CsvRows(tmp_path / "rows.csv", FER2013)
    sink.close(complete=True)
    assert (tmp_path / "rows.csv").read_text() == HEADER + "\n"


def test_rows_under_other_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("frame,other\n1,2\n")
    with pytest.raises(OutputError, match=r"rows\.csv has lines of a different format"):
        CsvRows(path, FER2013, in_place=True)
    assert path.read_text() == "frame,other\n1,2\n"


def test_a_full_disk_ends_in_one_line_and_leaves_whole_lines(small_disk: Path) -> None:
    path = small_disk / "live.jsonl"
    sink = JsonLinesFile(path, in_place=True)
    with pytest.raises(OutputError) as caught:
        for index in range(2000):
            sink.write(make_result(make_face(), index=index))
    sink.close(complete=False)
    assert f"cannot write {path}: No space left on device; free some space there" in str(
        caught.value
    )
    text = path.read_text()
    assert text.endswith("}\n")
    assert [json.loads(line)["frame"] for line in text.splitlines()] == list(range(index))


def test_a_full_disk_leaves_nothing_of_a_file_that_is_written_whole(small_disk: Path) -> None:
    sink = CsvRows(small_disk / "rows.csv", FER2013)
    with pytest.raises(OutputError, match="No space left on device"):
        for index in range(2000):
            sink.write(make_result(make_face(), index=index))
    sink.close(complete=False)
    assert list(small_disk.iterdir()) == []


def test_a_device_is_written_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(pipe.read_text().splitlines()))
    reader.start()
    file = LineFile(pipe, LineFormat("one\n", bool, header="one"))
    file.write("two")
    file.close(complete=True)
    reader.join(10)
    assert lines == ["one", "two"]
    assert pipe.is_fifo()


def test_an_open_file_keeps_what_others_write_into_it(tmp_path: Path) -> None:
    path = tmp_path / "output"
    with path.open("wb", buffering=0) as shared:
        shared.write(b"before\n")
        file = LineFile(Path(f"/dev/fd/{shared.fileno()}"), LineFormat("one\n", bool, header="one"))
        file.write("two")
        file.close(complete=True)
        shared.write(b"after\n")
    assert path.read_text().splitlines() == ["before", "one", "two", "after"]


def test_an_open_socket_is_written(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()  # as the standard output of a service is
    with ours, theirs:
        file = LineFile(Path(f"/dev/fd/{ours.fileno()}"), LINES)
        file.write("one")
        file.close(complete=True)
        assert theirs.recv(100) == b"one\n"


def test_a_pipe_that_nobody_reads_any_more_is_told_apart_from_failures(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [sys.executable, "-c", f"print(open({str(pipe)!r}).readline())"], stdout=subprocess.DEVNULL
    ) as process:
        file = LineFile(pipe, LINES)
        file.write("one")
        process.wait(10)
    with pytest.raises(ReaderGoneError):
        file.write("two")
    file.close(complete=False)
