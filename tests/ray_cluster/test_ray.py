"""`fer-edge archive --ray` on a cluster of two nodes on this machine.

`make test-ray` runs it in a separate environment; it takes minutes, and a gigabyte of packages.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="Ray is not installed (make test-ray)")

from ray.cluster_utils import Cluster

from fer_edge.runtime.archive.engine import PlainLoop
from fer_edge.runtime.archive.job import run_archive
from fer_edge.runtime.archive.pool import ProcessPool
from tests.support.archives import config, digest_of, files_of, make_archive, rows_of

CLIPS = 40
KILL_AFTER = 10


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive") / "videos", CLIPS)


@pytest.fixture(scope="module")
def expected(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Digest of all rows that a plain loop writes."""
    out = tmp_path_factory.mktemp("expected")
    run_archive(config(out), [str(videos)], PlainLoop())
    return digest_of(out)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Ray cluster of two nodes with one CPU each."""
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    yield nodes
    nodes.shutdown()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def driver(videos: Path, out: Path, address: str, *code: str) -> "subprocess.Popen[str]":
    """Start `fer-edge archive --ray`, after the statements in `code`."""
    start = ["-c", "; ".join((*code, "from fer_edge.cli.main import main", "main()"))]
    command = [sys.executable, *start, "archive", str(videos), "--out", str(out), "--ray", address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for a driver to end; return its exit code, standard output and standard error."""
    said, complained = process.communicate(timeout=300)
    return process.returncode, said, complained


def wait_for_files(out: Path, count: int, process: "subprocess.Popen[str]") -> None:
    while len(files_of(out)) < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def busy_workers() -> list[int]:
    """Return the process ids of the workers on this test's nodes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::_work") and os.getpid() in ancestors(int(folder.name)):
            found.append(int(folder.name))
    return found


def ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return
        yield pid


def check_complete(out: Path, expected: str) -> None:
    """Assert that each clip has one result file, with the rows that a plain loop writes."""
    assert len(files_of(out)) == CLIPS
    rows = rows_of(out)
    assert len({(row["source"], row["frame"]) for row in rows}) == len(rows)
    assert digest_of(out) == expected


def test_pool_ray_and_a_plain_loop_give_equal_rows(
    cluster: Cluster, videos: Path, expected: str, tmp_path: Path
) -> None:
    run_archive(config(tmp_path / "pool"), [str(videos)], ProcessPool(2))
    check_complete(tmp_path / "pool", expected)
    code, said, complained = ended(driver(videos, tmp_path / "ray", cluster.address))
    assert code == 0, complained
    assert f"{CLIPS} units read" in said
    check_complete(tmp_path / "ray", expected)


def test_ray_on_this_machine_needs_no_cluster(videos: Path, expected: str, tmp_path: Path) -> None:
    process = driver(videos, tmp_path / "out", "local")
    code, _, complained = ended(process)
    assert code == 0, complained
    check_complete(tmp_path / "out", expected)


def test_a_killed_node_costs_no_clip(
    cluster: Cluster, videos: Path, expected: str, tmp_path: Path
) -> None:
    process = driver(videos, tmp_path / "out", cluster.address)
    wait_for_files(tmp_path / "out", KILL_AFTER, process)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    code, said, complained = ended(process)
    assert code == 0, complained
    assert f"{CLIPS} units read" in said
    check_complete(tmp_path / "out", expected)


def test_a_worker_killed_as_if_out_of_memory_costs_no_clip(
    cluster: Cluster, videos: Path, expected: str, tmp_path: Path
) -> None:
    process = driver(videos, tmp_path / "out", cluster.address)
    wait_for_files(tmp_path / "out", KILL_AFTER, process)
    os.kill(busy_workers()[0], signal.SIGKILL)
    code, said, complained = ended(process)
    assert code == 0, complained
    assert f"{CLIPS} units read" in said
    check_complete(tmp_path / "out", expected)


def test_a_driver_that_was_killed_goes_on(
    cluster: Cluster, videos: Path, expected: str, tmp_path: Path
) -> None:
    process = driver(videos, tmp_path / "out", cluster.address)
    wait_for_files(tmp_path / "out", KILL_AFTER, process)
    process.kill()
    process.communicate()
    time.sleep(3)  # its workers finish the files that they are writing
    there = {path: path.stat().st_mtime_ns for path in files_of(tmp_path / "out")}
    code, said, complained = ended(driver(videos, tmp_path / "out", cluster.address))
    assert code == 0, complained
    assert f"{CLIPS - len(there)} units read" in said
    assert {path: path.stat().st_mtime_ns for path in there} == there
    check_complete(tmp_path / "out", expected)


def test_a_shared_folder_that_fills_up_ends_in_one_line_and_room_lets_it_go_on(
    cluster: Cluster, videos: Path, expected: str, small_disk: Path
) -> None:
    code, _, complained = ended(driver(videos, small_disk / "out", cluster.address))
    assert code == 1
    assert "No space left on device; free some space there" in complained.splitlines()[-1]
    assert "Traceback" not in complained
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    code, _, complained = ended(driver(videos, small_disk / "out", cluster.address))
    assert code == 0, complained
    check_complete(small_disk / "out", expected)


def assert_one_line(complained: str, *words: str) -> None:
    lines = complained.strip().splitlines()
    assert len(lines) == 1, complained
    assert lines[0].startswith("fer-edge: error: ")
    for word in words:
        assert word in lines[0]


def test_another_python_on_the_cluster_is_one_line(
    cluster: Cluster, videos: Path, tmp_path: Path
) -> None:
    # Ray compares the versions that the driver reports with those of the head node
    another = (
        "import ray._private.utils as utils; versions = utils.compute_version_info(); "
        "utils.compute_version_info = lambda: (versions[0], '3.99.1')"
    )
    code, _, complained = ended(driver(videos, tmp_path / "out", cluster.address, another))
    assert code == 1
    assert_one_line(
        complained, "3.99.1", "install the same versions of Python and Ray on all nodes"
    )


def test_a_cluster_with_a_token_is_used_with_it_and_explained_without(
    videos: Path, tmp_path: Path, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
    ray_command = [sys.executable, "-m", "ray.scripts.scripts"]
    options = ["--head", "--port", "6399", "--num-cpus", "1", "--include-dashboard=false"]
    subprocess.run([*ray_command, "start", *options], capture_output=True, check=True)
    try:
        code, _, complained = ended(driver(videos, tmp_path / "out", "127.0.0.1:6399"))
        assert code == 0, complained
        assert digest_of(tmp_path / "out") == expected
        monkeypatch.delenv("RAY_AUTH_MODE")
        code, _, complained = ended(driver(videos, tmp_path / "other", "127.0.0.1:6399"))
        assert code == 1
        assert_one_line(complained, "expects its token", "RAY_AUTH_MODE=token")
    finally:
        subprocess.run([*ray_command, "stop", "--force"], capture_output=True, check=False)


class _Page(BaseHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        """Print nothing."""


@pytest.fixture
def web_server() -> Iterator[int]:
    """Port of an HTTP server, which answers but is not Ray."""
    server = HTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_where_no_ray_answers_is_one_line(
    videos: Path, tmp_path: Path, web_server: int
) -> None:
    for address, words in (
        ("127.0.0.1:1", "Ray does not answer at 127.0.0.1:1"),
        (f"127.0.0.1:{web_server}", "answers, but is not Ray"),
        ("nowhere", "expected HOST:PORT, or local"),
        ("localhost:70000", "expected HOST:PORT, or local"),
        (f"{'a' * 70}.lan:6379", "expected HOST:PORT, or local"),
    ):
        code, _, complained = ended(driver(videos, tmp_path / "out", address))
        assert code == 1
        assert_one_line(complained, words)
