"""Failures during a deployment: the device always has the complete old or new release."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fer_edge.runtime.deploy import deployment
from fer_edge.runtime.deploy.connection import Connection
from tests.support.clear_line import assert_one_clear_line
from tests.support.ssh_device import SshDevice

from .conftest import deploy_with, new_device, wait_until_free

STEPS = ("look", "begin", "make_release", "put", "self_test", "prepare_service", "switch", "prune")
"""Steps of a deployment that changes only the configuration; `INSTALL_STEPS` install software."""
INSTALL_STEPS = ("find_environment", "make_environment", "put", "install", "doctor")


def kill_ssh_at(
    step: str, monkeypatch: pytest.MonkeyPatch, *, after_s: float = 0.0
) -> Callable[[], bool]:
    """Kill ssh while it waits for the answer of a step; return a function that checks this."""
    real, killed = Connection._answer, threading.Event()
    asked: list[str] = []
    real_ask = Connection.ask

    def ask(self: Connection, do: str, *rest: Any, **more: Any) -> Any:
        asked.append(do)
        return real_ask(self, do, *rest, **more)

    def answer(self: Connection) -> bytes:
        if asked[-1:] == [step] and not killed.is_set():
            time.sleep(after_s)
            os.kill(self.pid, signal.SIGKILL)
            killed.set()
        return real(self)

    monkeypatch.setattr(Connection, "ask", ask)
    monkeypatch.setattr(Connection, "_answer", answer)
    return killed.is_set


def assert_whole(device: SshDevice) -> int:
    """Assert that the current release is complete; return its number."""
    number = int((device.base / "current").readlink().name)
    release = device.base / "current"
    assert json.loads((release / "release.json").read_text())["number"] == number
    assert (release / "env" / "bin" / "fer-edge").exists()
    assert (release / "model.tflite").stat().st_size > 10_000
    return number


def is_active(device: SshDevice) -> bool:
    return "=active" in device.systemctl("show", "fer-edge", "-p", "ActiveState").stdout


@pytest.fixture
def changed(door: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Configuration file, changed for this test."""
    path = tmp_path / "changed.toml"
    path.write_text(f"# {request.node.name}\n{door.read_text()}")
    return path


@pytest.mark.parametrize("step", STEPS)
def test_a_cut_connection_leaves_a_whole_release(
    step: str, device: SshDevice, changed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = assert_whole(device)
    with monkeypatch.context() as patch:
        was_killed = kill_ssh_at(step, patch, after_s=0.05)
        done = deploy_with(device, "device", "--config", changed)
    assert was_killed()
    if step != "prune":  # the last step, when the deployment is complete
        assert done.exit_code == 1
        assert "the connection was cut during" in done.stderr.strip().splitlines()[-1]
    wait_until_free(device)
    assert assert_whole(device) in (before, before + 1)
    assert step in ("switch", "prune") or assert_whole(device) == before
    assert is_active(device)
    # nothing is left behind that would block the next deployment
    with Connection("device", name="fer-edge", ssh_config=device.config) as connection:
        connection.ask("begin", holder="the next one")
    assert not (device.base / "switch.json").exists()
    assert all((path / "release.json").exists() for path in (device.base / "releases").iterdir())


@pytest.mark.parametrize("step", INSTALL_STEPS)
def test_a_cut_connection_leaves_no_half_environment(
    step: str, device: SshDevice, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = assert_whole(device)
    with monkeypatch.context() as patch:
        was_killed = kill_ssh_at(step, patch, after_s=0.2)
        # this option makes the device install its software again
        done = deploy_with(device, "device", "--wheels", wheels, "--system-site-packages")
    assert was_killed()
    assert done.exit_code == 1
    wait_until_free(device)
    assert assert_whole(device) == before
    folders = list((device.base / "environments").iterdir())
    assert all((folder / "complete.json").exists() for folder in folders)
    assert is_active(device)


def wait_for_switch(device: SshDevice, before: int) -> None:
    while assert_whole(device) == before:
        time.sleep(0.01)


def agents(device: SshDevice) -> list[int]:
    """Return the process ids of this device's agents, without those of other tests."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        is_agent = words[0].endswith(b"python3") and any(
            b"fer_edge_agent" in word for word in words
        )
        if is_agent and f"HOME={device.home}".encode() in environment:
            found.append(int(folder.name))
    return found


def test_a_device_that_reboots_during_the_switch_is_settled_by_the_next_deployment(
    device: SshDevice, changed: Path
) -> None:
    before = assert_whole(device)

    def power_cut() -> None:
        wait_for_switch(device, before)
        for pid in agents(device):
            os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=power_cut, daemon=True)
    thread.start()
    done = deploy_with(device, "device", "--config", changed)
    thread.join()
    assert done.exit_code == 1
    assert assert_whole(device) == before + 1
    status = deploy_with(device, "device", "--status")
    assert "not confirmed" in status.stdout
    again = deploy_with(device, "device", "--config", changed)
    assert again.exit_code == 0, again.stderr
    assert "an earlier switch was not confirmed: it is healthy" in again.stderr
    assert not (device.base / "switch.json").exists()
    assert is_active(device)


def test_two_deployments_at_once_are_one(device: SshDevice, changed: Path) -> None:
    first = Connection("device", name="fer-edge", ssh_config=device.config)
    try:
        first.ask("begin", holder="berta@desk")
        done = deploy_with(device, "device", "--config", changed)
        assert done.exit_code == 1
        assert "another deployment is running there (berta@desk" in done.stderr
        os.kill(first.pid, signal.SIGKILL)
        wait_until_free(device)
    finally:
        first.close()
    done = deploy_with(device, "device", "--config", changed)
    assert done.exit_code == 0, done.stderr


def test_the_lock_of_a_killed_agent_is_taken_over(device: SshDevice) -> None:
    first = Connection("device", name="fer-edge", ssh_config=device.config)
    try:
        first.ask("begin", holder="berta@desk")
        for pid in agents(device):
            os.kill(pid, signal.SIGKILL)
        done = deploy_with(device, "device", "--model", "tiny", "--no-service")
        assert done.exit_code == 0, done.stderr
    finally:
        first.close()


@pytest.mark.parametrize("step", ["testing", "switching"])
def test_ctrl_c_leaves_a_whole_release(device: SshDevice, changed: Path, step: str) -> None:
    before = assert_whole(device)
    words = [sys.executable, "-m", "fer_edge", "deploy", "device", "--config", str(changed)]
    process = subprocess.Popen(
        [*words, "--ssh-config", str(device.config)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    next(line for line in process.stderr if step in line)
    if step == "switching":
        wait_for_switch(device, before)
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read().strip().splitlines()
    process.stderr.close()
    assert process.wait(timeout=30) == 130
    assert rest[-1].startswith("fer-edge: interrupted")
    wait_until_free(device)
    assert assert_whole(device) == before + (step == "switching")
    assert is_active(device)


@pytest.fixture
def small_disk(
    tmp_path: Path, make_disk: Callable[[str], Path], wheels: Path
) -> Iterator[SshDevice]:
    disk = make_disk("12m")
    small = new_device(tmp_path / "small")
    small.home.rmdir()
    small.home.symlink_to(disk)
    yield small
    small.stop()


def test_a_disk_without_room_is_said_before_anything_is_sent(
    small_disk: SshDevice, wheels: Path
) -> None:
    done = deploy_with(small_disk, "device", "--wheels", wheels)
    assert done.exit_code == 1
    assert "MB free, expected" in done.stderr.strip().splitlines()[-1]


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    small_disk: SshDevice, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "unpacked_mb", lambda wheels: 0)
    done = deploy_with(small_disk, "device", "--wheels", wheels)
    assert done.exit_code == 1
    assert "the device has no space left" in done.stderr.strip().splitlines()[-1]
    wait_until_free(small_disk)
    assert not (small_disk.base / "current").is_symlink()
    assert list((small_disk.base / "environments").iterdir()) == []


def test_a_device_without_python_is_named(tmp_path: Path) -> None:
    bare = new_device(tmp_path)
    try:
        bare.stop()
        config = (bare.folder / "sshd_config").read_text()
        start = config.index(" PATH=")
        (bare.folder / "sshd_config").write_text(config[:start] + f" PATH={tmp_path}\n")
        bare.serve()
        done = deploy_with(bare, "device")
        assert_one_clear_line(done, "has no Python", "install python3")
    finally:
        bare.stop()


def test_an_old_python_is_named(bare_device: SshDevice) -> None:
    python = bare_device.folder / "bin" / "python3"
    python.unlink()
    python.write_text("#!/bin/sh\necho 'fer-edge-agent: python3 is 3.5.3' >&2\nexit 1\n")
    python.chmod(0o755)
    done = deploy_with(bare_device, "device")
    assert_one_clear_line(done, "python3 is 3.5.3", "3.10")


def test_an_unknown_host_key_ends_the_connection(bare_device: SshDevice) -> None:
    (bare_device.folder / "known_hosts").write_text("")
    done = deploy_with(bare_device, "device", "--dry-run")
    assert done.exit_code == 1
    assert "its host key is unknown here" in done.stderr
    assert (bare_device.folder / "known_hosts").read_text() == ""


def test_a_key_that_is_not_accepted_is_said(bare_device: SshDevice) -> None:
    (bare_device.folder / "authorized_keys").write_text("")
    done = deploy_with(bare_device, "device")
    assert_one_clear_line(done, "rejects your keys", "ssh-copy-id")


def test_no_server_is_said(bare_device: SshDevice) -> None:
    bare_device.stop()
    done = deploy_with(bare_device, "device")
    assert_one_clear_line(done, "no ssh server is listening")


def test_no_ssh_here_is_said(bare_device: SshDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(bare_device.folder))
    done = deploy_with(bare_device, "device")
    assert_one_clear_line(done, "ssh is not installed here")


def test_a_shell_that_greets_is_understood(tmp_path: Path) -> None:
    device = new_device(tmp_path)
    try:
        (device.home / ".bashrc").write_text("echo 'Welcome to the door'\n")
        with Connection("device", name="fer-edge", ssh_config=device.config) as connection:
            assert connection.ask("look")["current"] is None
    finally:
        device.stop()
