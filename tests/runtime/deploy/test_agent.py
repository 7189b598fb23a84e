"""Parts of the deployment agent, run on this machine."""

import ast
import errno
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from fer_edge.runtime.deploy import agent
from fer_edge.runtime.deploy.agent.channel import Channel, GoneError, RefusedError
from fer_edge.runtime.deploy.agent.child import run
from fer_edge.runtime.deploy.agent.lock import Lock
from fer_edge.runtime.deploy.agent.store import COMPLETE, RELEASE, Store, write_whole
from fer_edge.runtime.deploy.source import MODULES, agent_program, remote_command

FILES = sorted(Path(agent.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_module_of_the_agent_imports_what_every_python_has(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 7))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert all(
                alias.name.partition(".")[0] in sys.stdlib_module_names for alias in node.names
            )
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert (node.module or "").partition(".")[0] in sys.stdlib_module_names
        assert not isinstance(node, ast.ImportFrom) or node.level <= 1


def test_every_module_is_sent_after_those_that_it_imports() -> None:
    assert {path.stem for path in FILES} - {"__init__"} == set(MODULES)
    folder = FILES[0].parent
    for number, name in enumerate(MODULES):
        tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
        needed = {
            node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.level
        }
        assert needed <= set(MODULES[:number])


def test_what_the_shell_is_asked_to_run_is_one_line_without_a_secret_place_for_quotes() -> None:
    assert "\n" not in remote_command(is_system=False) + remote_command(is_system=True)
    program = agent_program("fer-edge", is_system=True)
    assert int(program[:8]) == len(program) - 8


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "fer-edge")
    store.open()
    return store


def add_release(store: Store, environment: str = "abc-1") -> int:
    folder = store.new_release()
    made = store.environments / environment
    made.mkdir(exist_ok=True)
    (made / COMPLETE).touch()
    (folder / "env").symlink_to(made)
    write_whole(folder / RELEASE, json.dumps({"number": int(folder.name)}))
    return int(folder.name)


def test_releases_are_counted_and_the_link_leads_to_one(store: Store) -> None:
    assert store.number() is None
    numbers = [add_release(store) for _ in range(3)]
    assert numbers == [1, 2, 3]
    store.switch(2)
    assert store.number() == 2
    assert (store.current / RELEASE).exists()
    assert [item["number"] for item in store.records()] == numbers


def test_the_oldest_releases_go_and_the_current_one_stays(store: Store) -> None:
    for number in range(1, 6):
        add_release(store, f"software-{number}")
    store.switch(1)
    assert store.prune(3) == [2, 3]
    assert [item["number"] for item in store.records()] == [1, 4, 5]
    left = sorted(path.name for path in store.environments.iterdir())
    assert left == ["software-1", "software-4", "software-5"]


def test_what_is_unfinished_goes(store: Store) -> None:
    add_release(store)
    store.new_release()
    half = store.new_environment("abc")
    half.mkdir()
    store.clean()
    assert [path.name for path in store.releases.iterdir()] == ["1"]
    assert not half.exists()
    assert store.find_environment("abc") == store.environments / "abc-1"


def test_a_lock_is_free_again_when_it_is_given_back(tmp_path: Path) -> None:
    first = Lock(tmp_path / "lock", "anna@desk")
    with pytest.raises(RefusedError, match="anna@desk"):
        Lock(tmp_path / "lock", "berta@desk")
    first.release()
    Lock(tmp_path / "lock", "berta@desk").release()


def test_a_file_system_without_locks_is_not_another_deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(RefusedError, match="lock cannot be locked there: No locks available"):
        Lock(tmp_path / "lock", "anna@desk")


@pytest.fixture
def pipes() -> tuple[Channel, int]:
    ours, theirs = os.pipe()
    return Channel(ours, os.open(os.devnull, os.O_WRONLY)), theirs


def test_requests_and_their_bytes_arrive_whole_however_they_are_cut(
    pipes: tuple[Channel, int],
) -> None:
    channel, end = pipes
    sent = b'{"do": "ping"}\n{"do": "put", "size": 5}\n12345{"do": "look"}\n'

    def dribble() -> None:
        for byte in sent:
            os.write(end, bytes([byte]))

    thread = threading.Thread(target=dribble)
    thread.start()
    assert channel.request() == {"do": "put", "size": 5}
    assert b"".join(channel.body(5)) == b"12345"
    assert channel.request() == {"do": "look"}
    thread.join()
    os.close(end)
    with pytest.raises(GoneError):
        channel.request()


def test_a_program_ends_when_the_workstation_hangs_up(pipes: tuple[Channel, int]) -> None:
    channel, end = pipes
    threading.Timer(0.2, os.close, [end]).start()
    started = time.monotonic()
    with pytest.raises(GoneError):
        run(channel, ["sleep", "60"], timeout_s=90)
    assert time.monotonic() - started < 30  # the program was ended early


def test_a_critical_program_goes_on_when_the_workstation_hangs_up(
    pipes: tuple[Channel, int],
) -> None:
    channel, end = pipes
    os.close(end)
    done = run(channel, ["sh", "-c", "sleep 0.3; echo done"], timeout_s=30, is_critical=True)
    assert (done.code, done.said) == (0, "done\n")


def test_a_program_that_takes_too_long_is_ended(pipes: tuple[Channel, int]) -> None:
    with pytest.raises(RefusedError, match="exceeded its time limit"):
        run(pipes[0], ["sleep", "60"], timeout_s=0.1)
    os.close(pipes[1])
