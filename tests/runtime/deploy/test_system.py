"""`fer-edge deploy --system` with a real sshd, sudo and systemd, in separate namespaces."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fer_edge.cli.main import main
from fer_edge.model.bundled import find_model
from tests.support.clear_line import assert_one_clear_line
from tests.support.system_device import SystemDevice

from .conftest import write_config

BASE, WRITTEN = Path("/opt/fer-edge"), Path("/var/lib/fer-edge")

pytestmark = pytest.mark.skipif(
    "FER_EDGE_SYSTEM_SERVICE" not in os.environ, reason="run by `make test-deploy`: a minute"
)


@pytest.fixture(scope="module")
def box(
    tmp_path_factory: pytest.TempPathFactory, door: Path, wheels: Path
) -> Iterator[SystemDevice]:
    """Machine whose system manager runs a release as a service."""
    box = SystemDevice(tmp_path_factory.mktemp("box"))
    try:
        done = deploy(box, "--config", door, "--wheels", wheels, "--watchdog", 4)
        assert done.exit_code == 0, done.stderr
        yield box
    finally:
        box.close()


def deploy(box: SystemDevice, *words: object, host: str = "device", system: bool = True) -> Result:
    line = ["deploy", host, *map(str, words), *["--system"] * system]
    return CliRunner().invoke(main, [*line, "--ssh-config", str(box.config)])


def inside(box: SystemDevice, script: str) -> str:
    return box.machine.run("sh", "-c", script)


def test_the_system_runs_it_as_a_user_of_its_own_from_boot_on(box: SystemDevice) -> None:
    state = box.show("ActiveState", "UnitFileState", "FragmentPath", "DynamicUser", "MainPID")
    pid = state.pop("MainPID")
    assert state == {
        "ActiveState": "active",
        "UnitFileState": "enabled",
        "FragmentPath": "/etc/systemd/system/fer-edge.service",
        "DynamicUser": "yes",
    }
    assert inside(box, f"stat -c %U /proc/{pid}").strip() == "fer-edge"
    assert inside(box, f"systemd-analyze verify {state['FragmentPath']}") == ""
    assert (inside(box, f"cat {WRITTEN}/faces.jsonl")).startswith('{"')


def test_its_secrets_are_roots_only_and_its_model_is_not(box: SystemDevice) -> None:
    inside(box, f"setpriv --reuid=guest --clear-groups test -r {BASE}/current/model.tflite")
    script = f"cd {BASE}/releases/1; grep -rl geheim . | xargs stat -c '%a %U %n' | sort"
    keepers = [line.split() for line in inside(box, script).splitlines()]
    assert len(keepers) == 2  # the file that was sent, and the one that systemd reads
    assert {(mode, owner) for mode, owner, _ in keepers} == {("600", "root")}
    assert inside(box, f"stat -c %a {BASE}/releases/1/secrets.json").strip() == "600"


def test_the_second_time_there_is_nothing_to_do(box: SystemDevice, door: Path) -> None:
    done = deploy(box, "--config", door, "--json")
    assert json.loads(done.stdout)[0]["state"] == "unchanged"


@pytest.mark.parametrize("word", ["--config", "--model"])
def test_without_the_option_no_second_service_is_brought(
    box: SystemDevice, door: Path, word: str
) -> None:
    done = deploy(box, word, door if word == "--config" else "tiny", system=False)
    assert done.exit_code == 1
    line = done.stderr.strip().splitlines()[-1]
    assert str(BASE) in line
    assert "with --system" in line
    assert ".local" not in inside(box, "ls -A /home/pi")


def test_where_sudo_asks_for_a_password_nothing_waits_for_one(
    box: SystemDevice, door: Path
) -> None:
    for words in (("--config", door), ("--rollback",), ("--remove",), ("--logs",)):
        assert_one_clear_line(deploy(box, *words, host="guest"), "sudo", "NOPASSWD", "--system")
    status = deploy(box, "--status", host="guest")
    assert status.exit_code == 1
    assert "NOPASSWD" in status.stdout
    assert box.show("ActiveState") == {"ActiveState": "active"}


def test_a_model_is_exchanged_between_two_frames_and_rolled_back(box: SystemDevice) -> None:
    before = box.show("MainPID")
    done = deploy(box, "--model", "tiny")
    assert done.exit_code == 0, done.stderr
    assert "between two frames" in done.stdout
    assert box.show("MainPID") == before
    size = inside(box, f"stat -L -c %s {BASE}/current/model.tflite")
    assert int(size) == find_model("tiny").stat().st_size
    done = deploy(box, "--rollback")
    assert done.exit_code == 0, done.stderr
    assert inside(box, f"readlink {BASE}/current").strip() == "releases/1"
    assert box.show("ActiveState") == {"ActiveState": "active"}


def test_a_release_that_does_not_start_is_taken_back_with_the_journals_reason(
    box: SystemDevice, tmp_path: Path
) -> None:
    wrong = write_config(tmp_path / "wrong.toml", "http://127.0.0.1:1/nobody")
    done = deploy(box, "--config", wrong)
    assert done.exit_code == 3
    line = done.stderr.strip().splitlines()[-1]
    assert "http://127.0.0.1:1" in line
    assert "release 1 runs again" in line
    assert box.show("ActiveState") == {"ActiveState": "active"}
    assert "127.0.0.1:1" in deploy(box, "--logs").stdout


def test_status_shows_it_and_says_where_it_is(box: SystemDevice) -> None:
    done = deploy(box, "--status")
    assert done.exit_code == 0, done.output
    assert "* release 1" in done.stdout
    assert "service active" in done.stdout
    assert str(BASE) in deploy(box, "--status", system=False).stdout


def test_everybody_may_ask_its_doctor(box: SystemDevice) -> None:
    line = ["doctor", "--on", "guest", "--json", "--ssh-config", str(box.config)]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 0, done.stderr
    findings = json.loads(done.stdout)["guest"]["findings"]
    assert str(BASE) in next(item["text"] for item in findings if item["topic"] == "python")


def test_it_starts_with_the_system(box: SystemDevice) -> None:
    inside(box, "systemctl stop fer-edge")
    inside(box, "systemctl start multi-user.target")
    assert box.show("ActiveState") == {"ActiveState": "active"}


def test_remove_takes_all_but_what_the_service_wrote(box: SystemDevice) -> None:
    done = deploy(box, "--remove")
    assert done.exit_code == 0, done.stderr
    assert box.show("LoadState") == {"LoadState": "not-found"}
    assert inside(box, f"ls -d {BASE} || true").startswith("ls: cannot access")
    assert inside(box, f"ls {WRITTEN}") == "faces.jsonl\n"
    assert inside(box, "ls /etc/systemd/system/multi-user.target.wants") == ""
