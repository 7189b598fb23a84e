"""Answers of a device that do not come from the agent: one clear line, never a traceback."""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from fer_edge.errors import ConfigError, DeployError
from fer_edge.runtime.deploy import connection as connection_module
from fer_edge.runtime.deploy.connection import Connection, ConnectionLostError
from fer_edge.runtime.deploy.connections import Connections
from fer_edge.runtime.deploy.deployment import deploy_to
from fer_edge.runtime.deploy.plan import Choices
from fer_edge.runtime.deploy.self_test import readings
from fer_edge.runtime.deploy.source import MARK
from fer_edge.runtime.measurement.remote import Errand, measure_there
from fer_edge.runtime.measurement.report.report import report_to_json
from fer_edge.schema import encode
from tests.support.clear_line import assert_one_clear_line
from tests.support.made_reports import make_model, make_report

from .situations import EMPTY, FACTS, delivery

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


def test_a_step_after_the_end_of_the_connection_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn_ssh(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(connection_module, "_CLOSE_S", 0.2)
    connection = Connection("door", name="fer-edge")
    connection.close()
    with pytest.raises(ConnectionLostError, match="the connection was cut during 'look'"):
        connection.ask("look")


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
    with pytest.raises(ConfigError, match="is not valid; expected a name, or user@name"):
        Connection(host, name="fer-edge")


ESCAPE = "\x1b]0;pwn\x07\x1b[2J\x9b31m"
AGENT = """
import json, os, sys
size = int(os.read(0, 8))
while size:
    size -= len(os.read(0, size))
print({mark!r}, "{{}}", sep="\\n", flush=True)
answers = json.loads({answers!r})
for line in sys.stdin:
    do = json.loads(line)["do"]
    if do != "ping":
        print(json.dumps(answers.get(do, {{"result": {{}}}})), flush=True)
"""


@pytest.fixture
def answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes every host answer the steps in this way."""

    def put(**answers: Any) -> None:
        ssh = tmp_path / "ssh"
        program = AGENT.format(mark=MARK, answers=json.dumps(answers))
        ssh.write_text(f"#!{sys.executable}\n{program}")
        ssh.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return put


def assert_plain(result: Result) -> None:
    """Assert that nothing in the output controls a terminal."""
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert not [letter for letter in result.output if not letter.isprintable() and letter != "\n"]


def look(**facts: Any) -> dict[str, Any]:
    situation = encode(EMPTY)
    situation["facts"] |= facts
    return {"result": situation}


def test_a_rollback_does_not_go_back_twice_after_an_unconfirmed_switch(
    fer_edge: Callable[..., Result], answer: Callable[..., None]
) -> None:
    note = {"before": 4, "number": 4, "way": "restart"}
    settled = {**note, "wrong": "no camera", "tried": "", "again": ""}
    answer(begin={"result": {"settled": settled}}, go_back={"error": "went back twice"})
    done = fer_edge("deploy", "door", "--rollback")
    assert done.exit_code == 3
    assert_one_clear_line(done, "not confirmed (no camera)", "release 4 runs again")


@pytest.mark.parametrize(
    "words", [["--status"], ["--rollback"], ["--logs"], ["--model", "tiny", "--dry-run"]]
)
@pytest.mark.parametrize("kind", ["error", "texts", "list", "number", "version"])
def test_no_answer_controls_the_terminal_or_ends_in_a_traceback(
    fer_edge: Callable[..., Result], answer: Callable[..., None], words: list[str], kind: str
) -> None:
    steps = ("look", "begin", "go_back", "logs")
    kinds: dict[str, dict[str, Any]] = {
        "error": {step: {"error": f"bad {ESCAPE}\nsecond"} for step in steps},
        "texts": {
            "look": look(system=ESCAPE, board=f"{ESCAPE}\nfer-edge: good", base=ESCAPE),
            "begin": {"result": {"settled": None}},
            "go_back": {
                "result": {"wrong": ESCAPE, "number": 1, "way": "link", "tried": "", "again": ""}
            },
            "logs": {"result": {"text": f"first {ESCAPE}\nsecond\r\n"}},
        },
        "list": {step: {"result": [1]} for step in steps},
        "number": {step: {"result": 1} for step in steps},
        "version": {"look": look(pythons=[encode(FACTS.pythons[0]) | {"version": "x"}])},
    }
    answer(**kinds[kind])
    done = fer_edge("deploy", "door", *words)
    assert_plain(done)
    if words == ["--logs"] and kind == "texts":
        assert done.stdout == "first ?]0;pwn??[2J?31m\nsecond?\n"


@pytest.mark.parametrize(
    "facts",
    [
        *({"machine": "../../x"}, {"machine": ""}, {"glibc": "2.99999999"}, {"glibc": "2.²"}),
        *({"glibc": "2.36/../x"}, {"glibc": "musl"}),
    ],
    ids=str,
)
def test_an_impossible_fact_is_one_line(
    fer_edge: Callable[..., Result], answer: Callable[..., None], facts: dict[str, str]
) -> None:
    answer(look=look(**facts))
    done = fer_edge("deploy", "door", "--status")
    assert done.exit_code == 1
    assert "door: it states" in done.stdout
    assert_plain(done)


def ran(said: str, **more: Any) -> dict[str, Any]:
    return {"result": {"code": 0, "said": said, "complained": "", **more}}


@pytest.mark.parametrize(
    "run",
    [
        *(ran("[" * 200_000), ran("x"), ran("{}"), ran('{"status": "ok", "findings": []}')),
        *(ran("", more=1), {"result": []}, {"result": {"code": "0"}}),
        ran("", complained=f"bad {ESCAPE}\n"),
    ],
    ids=range(8),
)
def test_a_doctor_that_is_none_is_a_problem(
    fer_edge: Callable[..., Result], answer: Callable[..., None], run: dict[str, Any]
) -> None:
    answer(run=run)
    done = fer_edge("doctor", "--on", "door")
    assert done.exit_code == 1
    assert re.search("^connection +problem +door: .+", done.stdout, re.MULTILINE)
    assert_plain(done)


def test_a_finding_does_not_control_the_terminal(
    fer_edge: Callable[..., Result], answer: Callable[..., None]
) -> None:
    finding = {"topic": ESCAPE, "status": "ok", "text": f"{ESCAPE}\nx", "advice": ESCAPE}
    answer(run=ran(json.dumps({"status": "ok", "findings": [finding]})))
    done = fer_edge("doctor", "--on", "door")
    assert done.exit_code == 0
    assert_plain(done)


ERRAND = Errand(("tiny",), None, None, None, (), None, (), "fer-edge benchmark tiny --on door")
REPORT = json.loads(report_to_json(make_report(make_model("int8"))))


@pytest.mark.parametrize(
    "said",
    [
        *("[" * 200_000, "x", json.dumps({**REPORT, "models": []})),
        *(json.dumps({**REPORT, "made": value}) for value in (float("nan"), 10**4000)),
        *(json.dumps(REPORT).replace(": 1.0", f": {value}") for value in ("1e999", "1e308", "0.0")),
        json.dumps({**REPORT, "reference": 1}),
        json.dumps({**REPORT, "plan": {**REPORT["plan"], "threads": []}}),
    ],
    ids=[
        *("deep", "text", "no-models", "nan", "long", "infinite", "huge", "zero"),
        *("no-reference", "no-threads"),
    ],
)
def test_a_report_that_is_none_is_one_line(answer: Callable[..., None], said: str) -> None:
    answer(run=ran(said))
    with pytest.raises(DeployError, match=r"door: .* cannot be read") as caught:
        measure_there("door", ERRAND)
    assert len(str(caught.value)) < 400


def test_a_report_has_no_control_characters(answer: Callable[..., None]) -> None:
    answer(run=ran(json.dumps({**REPORT, "made": ESCAPE})))
    assert measure_there("door", ERRAND).made.isprintable()


@pytest.mark.parametrize(
    "lines",
    [
        *(None, 1, "text", [1], [{}], [{"faces": 1}], [{"faces": [1]}], [{"faces": [{}]}]),
        *([{"faces": [{"scores": scores}]}] for scores in ([], {}, {"a": "x"}, {"a": 2}, 1)),
    ],
    ids=str,
)
def test_a_self_test_without_readings_is_one_line(lines: object) -> None:
    with pytest.raises(DeployError, match="no readable result"):
        readings(lines)
