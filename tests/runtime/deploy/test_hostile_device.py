"""Answers of a device that do not come from the agent: one clear line, never a traceback."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fer_edge.errors import DeployError
from fer_edge.runtime.deploy import connection as connection_module
from fer_edge.runtime.deploy.connection import Connection
from fer_edge.runtime.deploy.connections import Connections
from fer_edge.runtime.deploy.deployment import deploy_to
from fer_edge.runtime.deploy.plan import Choices
from fer_edge.runtime.deploy.source import MARK

from .situations import delivery

ANSWERS = {
    "nothing-like-it": "Welcome to the door",
    "nested": "[" * 100_000,
    "nan": '{"result": NaN}',
    "of-another-program": '{"status": "ok"}',
    "a-list": "[1, 2]",
    "half-a-letter": '{"result": "\\\\ud800"}',
    "a-number-without-end": '{"result": ' + "9" * 10_000 + "}",
    "control-characters": '{"error": "\\\\u001b[2Jx"}',
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_not_the_agents_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = tmp_path / "answer"
    answer.write_text(ANSWERS[name].replace("\\\\", "\\") + "\n")
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nprintf '{MARK}\\n{{}}\\n'\ncat {answer}\nexec cat >/dev/null\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with Connection("door", name="fer-edge") as connection, pytest.raises(DeployError) as caught:
        connection.ask("look")
    text = str(caught.value)
    assert text.startswith("door")
    assert len(text.splitlines()) == 1
    assert len(text) < 300


def stubborn_ssh(folder: Path) -> None:
    """Write an ssh that greets, and then neither reads nor answers nor ends."""
    ssh = folder / "ssh"
    ssh.write_text(f"#!/bin/sh\nprintf '{MARK}\\n{{}}\\n'\nexec sleep 60\n")
    ssh.chmod(0o755)


@pytest.mark.parametrize("body", [None, b"x" * (1 << 20)], ids=["waiting", "sending"])
def test_a_step_that_hangs_can_be_ended(
    body: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn_ssh(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(connection_module, "_CLOSE_S", 0.2)
    connection = Connection("door", name="fer-edge")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(connection.ask, "look", body)
        time.sleep(0.3)
        connection.close()
        with pytest.raises(DeployError):
            asked.result(timeout=20)


def test_ctrl_c_ends_a_connection_that_was_just_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    connections = Connections()
    closed = []

    class Begun:
        """Stand-in for a connection, during whose start Ctrl-C is pressed."""

        def close(self) -> None:
            closed.append(self)

    def begin(host: str, *, is_system: bool) -> Begun:
        connections.close()
        return Begun()

    monkeypatch.setattr(connections, "_open_one", begin)
    with pytest.raises(DeployError, match="interrupted"):
        connections.connect("door")
    assert len(closed) == 1


def test_a_local_problem_is_the_outcome_of_that_host() -> None:
    def connect(host: str) -> Connection:
        raise OSError(28, "No space left on device", "/home/pi/.cache")

    outcome = deploy_to("door", delivery(), Choices(), connect=connect)
    assert (outcome.state, outcome.host) == ("failed", "door")
    assert "No space left" in outcome.text


@pytest.mark.parametrize("host", ["", "@door", "pi@", "-oProxyCommand=x"])
def test_a_host_without_a_name_is_refused_before_ssh_is_asked(host: str) -> None:
    with pytest.raises(DeployError, match="is not valid; expected a name, or user@name"):
        Connection(host, name="fer-edge")
