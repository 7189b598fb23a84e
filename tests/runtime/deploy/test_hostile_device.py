"""Answers of a device that do not come from the agent: one clear line, never a traceback."""

import os
from pathlib import Path

import pytest

from fer_edge.errors import DeployError
from fer_edge.runtime.deploy.connection import Connection
from fer_edge.runtime.deploy.source import MARK

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
