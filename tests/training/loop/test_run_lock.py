"""Two trainings into one run folder."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.training.loop.run_lock import locked_run

HOLDER = """
import sys, time
from pathlib import Path
from fer_edge.training.loop.run_lock import locked_run

with locked_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_until_the_first_ends_or_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "one"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(out)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    expected = rf"one is in use by another training \(process {first.pid} on "
    with pytest.raises(OutputError, match=expected), locked_run(out):
        pass
    with locked_run(tmp_path / "runs" / "other"):
        pass
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stdout.close()
    with locked_run(out):
        assert len(list(out.parent.iterdir())) == 1
    assert not list(out.parent.iterdir())


def test_all_names_of_a_run_have_one_lock(tmp_path: Path) -> None:
    out = tmp_path / "run"
    (tmp_path / "run.partial").mkdir()
    (tmp_path / "link").symlink_to(out)
    (tmp_path / "unfinished").symlink_to(tmp_path / "run.partial")
    with locked_run(out):
        for name in ("run.partial", "link", "unfinished", "other/../run"):
            with pytest.raises(OutputError, match="is in use"), locked_run(tmp_path / name):
                pass
    with locked_run(Path("/")):
        pass


def test_a_file_of_the_user_in_the_place_of_the_lock_stays(tmp_path: Path) -> None:
    (mine := tmp_path / ".run.in-use").write_text("mine")
    with locked_run(tmp_path / "run"):
        pass
    assert mine.read_text() == "mine"


def test_a_lock_whose_file_was_deleted_meanwhile_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, flock, deleted = tmp_path / "run", fcntl.flock, []

    def end_of_its_holder(handle: int, how: int) -> None:
        flock(handle, how)
        if not deleted:  # as if the holder ended between our opening and our locking
            deleted.append(handle)
            (tmp_path / ".run.in-use").unlink()

    monkeypatch.setattr(fcntl, "flock", end_of_its_holder)
    with locked_run(out), pytest.raises(OutputError, match="is in use"), locked_run(out):
        pass
    assert deleted


def test_without_locks_and_without_the_right_to_write_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(handle: int, how: int) -> None:
        raise OSError(95, os.strerror(95))

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with locked_run(tmp_path / "run"), locked_run(tmp_path / "run"):
        pass
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    for out in (tmp_path / "file" / "run", tmp_path / "a\0b"):
        with locked_run(out):
            pass
    with locked_run(tmp_path / "missing" / "run", creates=False):
        assert not (tmp_path / "missing").exists()
