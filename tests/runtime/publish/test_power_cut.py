"""Text files after a power cut: damage made by hand, and by a real file system."""

import errno
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.faces.labels import FER2013
from fer_edge.runtime.capture.opening import open_source
from fer_edge.runtime.publish.files import disk_sync, power_cut
from fer_edge.runtime.publish.files.annotated_video import AnnotatedVideo
from fer_edge.runtime.publish.files.csv_rows import CsvRows
from fer_edge.runtime.publish.files.disk_sync import DiskSync
from fer_edge.runtime.publish.files.json_lines import LINES, JsonLinesFile
from fer_edge.runtime.publish.files.power_cut import cut_damage

from ...support.real_disk import RealDisk
from ...support.results import Live, make_face, make_result

BLOCK = 4096


def lines(count: int, name: str = "camera 0") -> bytes:
    """Return complete JSON lines, as a run writes them."""
    records = (make_result(make_face(), index=index, name=name).to_dict() for index in range(count))
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def continued(path: Path) -> list[int]:
    """Write one more frame in a new run; return the numbers of all frames in the file."""
    sink = JsonLinesFile(path, in_place=True)
    sink.write(make_result(index=777))
    sink.close(complete=True)
    return [json.loads(line)["frame"] for line in path.read_bytes().splitlines()]


SOUND = lines(30)
STARTS = [0, *(at + 1 for at, byte in enumerate(SOUND) if byte == 10)]
LAST = STARTS[-2]
LINE_END = STARTS[1]


@pytest.mark.parametrize(
    ("damaged", "kept"),
    [
        pytest.param(SOUND, range(30), id="nothing"),
        pytest.param(SOUND + bytes(3000), range(30), id="zeros at the end"),
        pytest.param(SOUND[:-20], range(29), id="half a line"),
        pytest.param(SOUND[:-1], range(30), id="a line without its end"),
        pytest.param(SOUND[:-20] + bytes(BLOCK), range(29), id="half a line and zeros"),
        pytest.param(SOUND[:LAST] + b"\xe2\x98", range(29), id="half a character"),
        pytest.param(SOUND[:LAST] + b'{"\xff": 1}\n', range(29), id="bytes of another file"),
        pytest.param(
            SOUND[: STARTS[10] + 7] + bytes(900) + SOUND[STARTS[12] + 3 :],
            [*range(10), *range(13, 30)],
            id="zeros in the middle",
        ),
        pytest.param(bytes(700) + SOUND[STARTS[3] + 9 :], range(4, 30), id="zeros at the start"),
        pytest.param(bytes(BLOCK), [], id="zeros alone"),
        pytest.param(bytes(BLOCK) + SOUND[9:LINE_END], [], id="zeros and the end of a line"),
        pytest.param(SOUND[: LINE_END - 9] + bytes(BLOCK), [], id="half of the first line, zeros"),
        pytest.param(b'{"fra', [], id="half of the first line"),
        pytest.param(b"", [], id="an empty file"),
    ],
)
def test_a_run_goes_on_behind_whole_lines_only(
    tmp_path: Path, damaged: bytes, kept: range | list[int]
) -> None:
    path = tmp_path / "live.jsonl"
    path.write_bytes(damaged)
    assert continued(path) == [*kept, 777]


def test_whatever_a_cut_does_to_the_last_blocks_only_whole_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    chance = random.Random(33)
    sound = SOUND.splitlines()
    for _ in range(60):
        data = bytearray(SOUND[: chance.randrange(len(SOUND))])
        for _ in range(chance.randrange(3)):  # blocks that were not written to the disk
            start = chance.randrange(len(data) + 1)
            data[start : start + 512] = bytes(len(data[start : start + 512]))
        data += bytes(chance.choice((0, 0, 700)))
        path.write_bytes(data)
        handle = os.open(path, os.O_RDWR | os.O_APPEND)
        gone = cut_damage(handle, len(data), LINES)
        os.close(handle)
        after = path.read_bytes()
        kept = after.splitlines()
        assert after == b"".join(line + b"\n" for line in kept)
        untouched = [line for line in sound if line + b"\n" in data]
        assert kept[: len(untouched)] == untouched
        assert len(kept) - len(untouched) <= 1  # a last line without its line break
        assert set(kept) <= set(sound)
        assert gone == len(data) - len(after)


@pytest.mark.parametrize("faces", [1, 12, 18])
def test_lost_blocks_of_a_young_file_are_damage_whatever_the_length_of_lines(
    tmp_path: Path, faces: int
) -> None:
    result = make_result(*[make_face()] * faces)
    sound = 8 * (json.dumps(result.to_dict()).encode() + b"\n")
    path = tmp_path / "live.jsonl"
    for start in range(0, len(sound), BLOCK):
        data = bytearray(sound)
        data[start : start + BLOCK] = bytes(len(data[start : start + BLOCK]))
        path.write_bytes(data)
        assert continued(path)[-1] == 777


def test_damage_in_a_large_file_is_found_in_its_last_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(power_cut, "WINDOW_BYTES", 100)  # shorter than a line
    path = tmp_path / "live.jsonl"
    path.write_bytes(SOUND[:-9] + bytes(5000))
    assert continued(path) == [*range(29), 777]
    (message,) = caplog.messages
    assert message.startswith(f"{path}: removed {len(SOUND) - LAST - 9 + 5000} bytes")


@pytest.fixture
def rows(tmp_path: Path) -> bytes:
    sink = CsvRows(tmp_path / "sound.csv", FER2013, in_place=True)
    for index in range(9):
        sink.write(make_result(make_face(), index=index, name="Tür ☺"))
    sink.close(complete=True)
    return (tmp_path / "sound.csv").read_bytes()


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (lambda sound: sound, range(9)),
        (lambda sound: bytes(2 * BLOCK), []),
        (lambda sound: sound[:12], []),
        (lambda sound: sound[:-30] + bytes(BLOCK), range(8)),
        (lambda sound: sound[: sound.rindex("☺".encode()) + 2], range(8)),
        (lambda sound: bytes(40) + sound[40:], range(9)),  # only the header's block was lost
    ],
)
def test_rows_go_on_under_one_header(
    tmp_path: Path, rows: bytes, damage: Callable[[bytes], bytes], kept: range | list[int]
) -> None:
    path = tmp_path / "live.csv"
    path.write_bytes(damage(rows))
    sink = CsvRows(path, FER2013, in_place=True)
    sink.write(make_result(make_face(), index=777))
    sink.close(complete=True)
    header, *found = path.read_text("utf-8").splitlines()
    assert header == rows.decode().splitlines()[0]
    assert [int(row.split(",")[0]) for row in found] == [*kept, 777]


@pytest.mark.parametrize("text", ["notes of mine\nwithout an end", '{\n  "a": 1\n}\n', '{"a": 1}'])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text(text)
    with pytest.raises(OutputError, match="has lines of a different format"):
        JsonLinesFile(path, in_place=True)
    assert path.read_text() == text


BINARY = random.Random(1).randbytes(50_000)
HEADS = {
    "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "gz": b"\x1f\x8b\x08\0\0\0\0\0",
    "sqlite": b"SQLite format 3\0\x10\0",
    "npz": b"PK\x03\x04\x2d\0\0\0\0\0",
    "tflite": b"\x1c\0\0\0TFL3",
    "mp4": b"\0\0\0\x20ftypisom\0\0\x02\0",
    "iso": bytes(32768) + b"\x01CD001\x01\0",
    "log": bytes(BLOCK) + b"started\nstopped\n",
    "utf-16": '{"frame": 0}\n'.encode("utf-16-le"),
}


def opened(kind: str, path: Path) -> JsonLinesFile | CsvRows:
    """Open a file as a live run does."""
    if kind == "jsonl":
        return JsonLinesFile(path, in_place=True)
    return CsvRows(path, FER2013, in_place=True)


@pytest.mark.parametrize("size_bytes", [300, 50_000, 9 << 20])
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_binary_file_is_left_alone(tmp_path: Path, kind: str, head: str, size_bytes: int) -> None:
    path = tmp_path / f"k.{head}"
    content = HEADS[head] + BINARY * (size_bytes // len(BINARY) + 1)
    path.write_bytes(content[: len(HEADS[head]) + size_bytes])
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"different format.*; choose another file"):
        opened(kind, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("repeats", [1, 200])  # also more than the part that may be damaged
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_binary_content_behind_whole_lines_is_not_the_damage_of_a_power_cut(
    tmp_path: Path, rows: bytes, kind: str, repeats: int
) -> None:
    path = tmp_path / "k.bin"
    first = SOUND[: STARTS[3]] if kind == "jsonl" else rows
    path.write_bytes(first + BINARY * repeats)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="more than a power cut leaves; choose another file"):
        opened(kind, path)
    assert path.read_bytes() == before


def test_a_block_of_another_file_behind_whole_lines_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    path.write_bytes(SOUND[: STARTS[2]] + BINARY[:BLOCK] + bytes(BLOCK))
    assert continued(path) == [0, 1, 777]


def test_a_document_that_begins_like_a_line_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "frame.json"
    path.write_text('{"frame": 1,\n "faces": []}')
    with pytest.raises(OutputError, match="choose another file"):
        JsonLinesFile(path, in_place=True)
    assert path.read_text() == '{"frame": 1,\n "faces": []}'


def test_a_sound_file_keeps_what_somebody_added_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    path.write_bytes(SOUND + b"# the camera was moved\n")
    JsonLinesFile(path, in_place=True).close(complete=True)
    assert path.read_bytes() == SOUND + b"# the camera was moved\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[RealDisk]:
    disk = RealDisk(tmp_path)
    yield disk
    disk.close()


def test_what_was_written_is_on_the_disk_after_a_moment_and_the_next_run_goes_on(
    small_disk: RealDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_sync, "SYNC_S", 0.05)
    paths = [small_disk.place / "new" / name for name in ("live.jsonl", "live.csv")]
    sinks = (JsonLinesFile(paths[0], in_place=True), CsvRows(paths[1], FER2013, in_place=True))
    for index in range(200):
        for sink in sinks:
            sink.write(make_result(make_face(), index=index))
    small_disk.wait_for(b'{"frame": 199,', b"\n199,")
    monkeypatch.setattr(disk_sync, "SYNC_S", 3600)
    time.sleep(0.2)  # the file's length is written after its content
    for sink in sinks:  # these get lost, perhaps in the middle of a line
        for index in range(200, 400):
            sink.write(make_result(make_face(), index=index))
    small_disk.cut_power()
    for sink in sinks:
        sink.close(complete=False)
    numbers = continued(paths[0])
    assert numbers[:200] == list(range(200))
    assert numbers == [*range(len(numbers) - 1), 777]
    found = paths[1].read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in found][:200] == list(range(200))


@pytest.mark.parametrize("suffix", ["avi", "mkv"])
def test_a_video_is_on_the_disk_after_a_moment(
    small_disk: RealDisk, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(disk_sync, "SYNC_S", 0.05)
    path = small_disk.place / f"live.{suffix}"
    sink = AnnotatedVideo(path, Live())
    for index in range(40):
        sink.write(make_result(index=index, time_s=index / 10, size=(240, 320)))
    small_disk.wait_for(path.read_bytes()[-30:])
    monkeypatch.setattr(disk_sync, "SYNC_S", 3600)
    time.sleep(0.2)
    for index in range(40, 60):
        sink.write(make_result(index=index, time_s=index / 10, size=(240, 320)))
    small_disk.cut_power()
    sink.close(complete=False)
    with path.open("ab") as file:
        file.write(bytes(5000))  # zeros, as other file systems leave them at the end
    source = open_source(path)
    assert len(list(source)) >= 39
    source.close()


def test_what_is_written_during_a_flush_is_flushed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_sync, "SYNC_S", 0.01)
    path = tmp_path / "live.jsonl"
    path.write_text("one\n")
    sizes, is_flushing, may_end = [], threading.Event(), threading.Event()

    def flush(handle: int) -> None:
        sizes.append(os.fstat(handle).st_size)
        is_flushing.set()
        may_end.wait(10)

    monkeypatch.setattr(os, "fdatasync", flush)
    sync = DiskSync(path)
    sync.wrote()
    assert is_flushing.wait(10)
    with path.open("a") as file:
        file.write("two\n")
    sync.wrote()
    threading.Timer(0.1, may_end.set).start()
    sync.close()
    assert sizes[-1] == len("one\ntwo\n")


def test_a_last_flush_that_fails_is_an_error_of_a_complete_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fail)
    monkeypatch.setattr(disk_sync, "SYNC_S", 3600)
    for complete in (True, False):
        lines = JsonLinesFile(tmp_path / f"{complete}.jsonl", in_place=True)
        lines.write(make_result(make_face()))
        if complete:
            with pytest.raises(OutputError, match=r"cannot write .*True.jsonl: Input/output error"):
                lines.close(complete=True)
        else:
            lines.close(complete=False)
