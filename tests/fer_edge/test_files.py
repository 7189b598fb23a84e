import errno
import os
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.files import (
    cannot_write,
    check_no_named_pipe,
    is_device,
    new_folder,
    own_descriptor,
    whole_file,
)


def test_a_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x.json"
    with whole_file(path) as temporary:
        temporary.write_text("whole")
        assert temporary.suffix == ".json"
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_an_exception_leaves_nothing_new_and_the_old_file(
    tmp_path: Path, error: type[BaseException]
) -> None:
    old = tmp_path / "old.txt"
    old.write_text("old")
    for path in (old, tmp_path / "new.txt"):
        with pytest.raises(error), whole_file(path) as temporary:
            temporary.write_text("half")
            raise error
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_text() == "old"


def test_a_file_has_the_permissions_that_open_would_give(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with whole_file(tmp_path / "x") as temporary:
            temporary.touch()
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["name with spaces", "new\nline", "ünï", "x" * 250, ".hidden"])
def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    with whole_file(tmp_path / name) as temporary:
        temporary.write_text("x")
    assert (tmp_path / name).read_text() == "x"


@pytest.mark.parametrize("place", ["file/x.txt", "folder", "y" * 300])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.raises(OutputError, match=r"cannot write .*; choose a place"),
        whole_file(tmp_path / place) as temporary,
    ):
        temporary.write_text("x")
        assert len(place) > 255, "the block was entered"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["zero\0byte.txt", "surrogate\ud800.txt"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    reason = "the name contains a zero byte or an unpaired surrogate"
    with pytest.raises(OutputError, match=reason), whole_file(tmp_path / name):
        pytest.fail("the block was entered")
    with pytest.raises(OutputError, match=reason):
        new_folder(tmp_path / name)
    with pytest.raises(OSError, match=reason):
        check_no_named_pipe(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_place_that_the_system_refuses_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="cannot write"), whole_file(Path("/proc/x.json")):
        pass


def test_a_new_folder_replaces_another_only_when_told(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert new_folder(folder).is_dir()
    (folder / "x").touch()
    with pytest.raises(OutputError, match="already exists"):
        new_folder(folder)
    assert not list(new_folder(folder, replace=True).iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        new_folder(tmp_path / "file" / "x")
    with pytest.raises(OutputError, match="cannot write"):
        new_folder(tmp_path / "file", replace=True)


def test_a_pipe_takes_the_bytes_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    with whole_file(pipe) as temporary:
        assert temporary.suffix == ".json"
        temporary.write_text("whole")
    reader.join(5)
    assert read == [b"whole"]
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_an_open_file_is_written_into_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("wb") as opened:
        by_descriptor = Path(f"/dev/fd/{opened.fileno()}")
        link = tmp_path / "link"
        link.symlink_to(by_descriptor)
        assert is_device(by_descriptor)
        assert is_device(link)
        with whole_file(link) as temporary:
            temporary.write_text("whole")
        assert path.read_text() == "whole"
        assert link.is_symlink()


def test_an_open_file_keeps_what_others_write_into_it(tmp_path: Path) -> None:
    path = tmp_path / "output"
    with path.open("wb", buffering=0) as shared:
        shared.write(b"before ")
        with whole_file(Path(f"/dev/fd/{shared.fileno()}")) as temporary:
            temporary.write_text("whole ")
        shared.write(b"after")
    assert path.read_text() == "before whole after"


def test_a_descriptor_is_found_behind_links_and_in_this_process_only(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/stdout")
    names = ("/dev/stdout", "/proc/self/fd/1", "/proc/thread-self/fd/1", link)
    assert [own_descriptor(Path(name)) for name in names] == [1, 1, 1, 1]
    link.unlink()
    link.symlink_to(link)
    names = ("/dev/null", "/proc/self/cmdline", tmp_path, link, tmp_path / "missing")
    assert [own_descriptor(Path(name)) for name in names] == [None] * 5


def test_a_file_in_dev_shm_is_a_file_like_others() -> None:
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK):
        pytest.skip("no /dev/shm to write to")
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "x.csv"
        path.touch()
        assert not is_device(path)


@pytest.mark.parametrize("is_dangling", [False, True])
def test_a_symbolic_link_stays_and_its_target_is_written(tmp_path: Path, is_dangling: bool) -> None:
    target, link = tmp_path / "disk" / "lines.csv", tmp_path / "lines.csv"
    target.parent.mkdir()
    if not is_dangling:
        target.write_text("old")
    link.symlink_to(target)
    with whole_file(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["lines.csv"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "x.csv"
    path.touch()
    path.chmod(mode)
    with whole_file(path) as temporary:
        # nobody may read the new content earlier who could not read the old one
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        temporary.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text() == "new"


def test_the_umask_of_the_process_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(mask: int) -> int:
        raise AssertionError("another thread would create files with this umask")

    monkeypatch.setattr(os, "umask", refuse)
    with whole_file(tmp_path / "x") as temporary:
        temporary.touch()


@pytest.mark.parametrize("is_dangling", [False, True])
def test_a_link_in_a_folder_of_fer_edge_is_refused(tmp_path: Path, is_dangling: bool) -> None:
    target, link = tmp_path / "secret", tmp_path / "state.json"
    if not is_dangling:
        target.write_text("secret")
        target.chmod(0o600)
    link.symlink_to(target)
    with (
        pytest.raises(OutputError, match="is a symbolic link"),
        whole_file(link, follows_link=False),
    ):
        raise AssertionError("the block was entered")
    assert target.exists() is not is_dangling
    if not is_dangling:
        assert target.read_text() == "secret"
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_pipe_in_a_folder_of_fer_edge_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "state.json")
    with (
        pytest.raises(OutputError, match="is a pipe"),
        whole_file(tmp_path / "state.json", follows_link=False),
    ):
        raise AssertionError("the block was entered")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "free some space there"),
        (errno.EACCES, "choose a place that you can write to"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EAGAIN, "raise the limits of this process"),
    ],
)
def test_the_next_step_belongs_to_the_reason(number: int, advice: str) -> None:
    error = cannot_write(Path("x.mp4"), OSError(number, os.strerror(number)))
    assert str(error).startswith(f"cannot write x.mp4: {os.strerror(number)}; ")
    assert advice in str(error)
