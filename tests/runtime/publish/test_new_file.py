"""Videos of live runs: names that are taken, moved or lost while a run writes."""

import logging
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.runtime.publish.files.new_file import new_file


def test_a_free_name_is_kept_until_the_end(tmp_path: Path) -> None:
    with new_file(tmp_path / "out.mp4") as (path, temporary):
        assert path == tmp_path / "out.mp4"
        temporary.write_bytes(b"video")
    assert path.read_bytes() == b"video"
    assert [item.name for item in tmp_path.iterdir()] == ["out.mp4"]


def test_the_announced_name_stays_if_an_earlier_one_becomes_free(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    first = tmp_path / "out.mp4"
    first.write_bytes(b"first")
    with new_file(first) as (path, temporary):
        temporary.write_bytes(b"second")
        first.rename(tmp_path / "moved.mp4")
    assert (path.name, path.read_bytes()) == ("out-2.mp4", b"second")
    assert caplog.text.count("already exists") == 1


def test_a_name_that_another_run_takes_is_left_to_it(tmp_path: Path) -> None:
    with new_file(tmp_path / "out.mp4") as (path, temporary):
        temporary.write_bytes(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert (tmp_path / "out-2.mp4").read_bytes() == b"mine"


def test_a_lost_temporary_file_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    with pytest.raises(OutputError), new_file(folder / "out.mp4") as (_, temporary):
        temporary.unlink()
    assert list(folder.iterdir()) == []
    with pytest.raises(OutputError), new_file(folder / "out.mp4") as (_, temporary):
        temporary.unlink()
        folder.rmdir()
    assert not folder.exists()
