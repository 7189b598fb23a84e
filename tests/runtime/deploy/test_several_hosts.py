"""A fleet of two real devices without systemd, and one that is switched off."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fer_edge.cli.main import main
from tests.support.clear_line import assert_one_clear_line
from tests.support.ssh_device import SshDevice

from .conftest import deploy_with, new_device


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SshDevice]]:
    devices = [new_device(tmp_path_factory.mktemp(name)) for name in ("door", "gate")]
    yield devices
    for device in devices:
        device.stop()


@pytest.fixture(scope="module")
def fleet(
    two: list[SshDevice], tmp_path_factory: pytest.TempPathFactory, door: Path
) -> tuple[Path, Path]:
    """A fleet file, and an ssh configuration that defines its hosts."""
    folder = tmp_path_factory.mktemp("fleet")
    blocks = []
    for name, device in zip(("door", "gate"), two, strict=True):
        text = device.config.read_text().partition("Host *")[0]
        blocks.append(text.replace("Host device", f"Host {name}.local"))
    off = two[0].config.read_text().partition("Host *")[0].replace(f"Port {two[0].port}", "Port 1")
    blocks.append(off.replace("Host device", "Host off.local"))
    (folder / "ssh_config").write_text("".join(blocks))
    (folder / "fleet.toml").write_text(
        f'model = "tiny"\nconfig = "{door}"\n'
        '[hosts.door]\naddress = "door.local"\ngroups = ["on"]\n'
        '[hosts.gate]\naddress = "gate.local"\ngroups = ["on"]\nmodel = "compact"\n'
        '[hosts.off]\naddress = "off.local"\n'
    )
    return folder / "fleet.toml", folder / "ssh_config"


def run(fleet: tuple[Path, Path], *words: object) -> Result:
    line = ["deploy", "--fleet", fleet[0], "--ssh-config", fleet[1], *words]
    return CliRunner().invoke(main, [str(word) for word in line])


def test_a_group_is_deployed_to_the_canary_first(
    fleet: tuple[Path, Path], two: list[SshDevice], wheels: Path
) -> None:
    done = run(fleet, "on", "--wheels", wheels, "--canary", 1, "--soak", 1)
    assert done.exit_code == 0, done.stderr
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["host", "state", "release"],
        ["door", "deployed", "1"],
        ["gate", "deployed", "1"],
    ]
    assert done.stderr.index("door: observing") < done.stderr.index("gate: connected")
    # neither has systemd: each reports how to run fer-edge without it
    assert done.stderr.count("systemd is not running for this user, so no service") == 2
    models = [
        json.loads((device.base / "current" / "release.json").read_text())["model"]["name"]
        for device in two
    ]
    assert models == ["tiny", "compact"]


def test_a_host_that_is_off_does_not_stop_the_others_if_asked(fleet: tuple[Path, Path]) -> None:
    done = run(fleet, "--keep-going", "--json")
    assert done.exit_code == 1
    outcomes = {item["host"]: item for item in json.loads(done.stdout)}
    assert [item["state"] for item in outcomes.values()] == ["unchanged", "unchanged", "failed"]
    assert "no ssh server is listening" in outcomes["off"]["text"]


def test_status_shows_all_hosts(fleet: tuple[Path, Path]) -> None:
    done = run(fleet, "--status")
    assert done.exit_code == 1
    assert done.stdout.count("* release 1") == 2
    names = [line.split(":")[0] for line in done.stdout.splitlines() if line[0] != " "]
    assert names == ["door", "gate", "off"]
    assert "off: no ssh server is listening" in done.stdout
    found = json.loads(run(fleet, "--status", "--json").stdout)
    assert [item["host"] for item in found] == names
    assert [item["address"] for item in found] == ["door.local", "gate.local", "off.local"]
    assert found[2]["error"].startswith("no ssh server is listening")


@pytest.fixture
def journal(two: list[SshDevice]) -> Iterator[Path]:
    """Empty stand-in for journalctl on the first device, which has no journal."""
    path = two[0].folder / "bin" / "journalctl"
    path.touch(mode=0o755)
    yield path
    path.unlink()


def test_logs_are_what_the_journal_has_of_the_service(two: list[SshDevice], journal: Path) -> None:
    journal.write_text('#!/bin/sh\necho "fer-edge: asked for $*"\n')
    done = deploy_with(two[0], "device", "--logs", "--lines", 7)
    assert done.exit_code == 0
    assert done.stdout == "fer-edge: asked for --user -u fer-edge -n 7 --no-pager\n"


def test_logs_of_several_hosts_have_their_names_and_a_failure_hides_none(
    fleet: tuple[Path, Path], journal: Path
) -> None:
    fleet_file = fleet[0].with_name("reverse.toml")  # the first host does not answer
    tables = fleet[0].read_text().split("[hosts")
    fleet_file.write_text("[hosts".join([tables[0], *reversed(tables[1:])]))
    journal.write_text("#!/bin/sh\nprintf 'first\\nopened rtsp://admin:hunter2@cam/1\\n'\n")
    done = run((fleet_file, fleet[1]), "off", "door", "--logs")
    assert done.exit_code == 1
    assert done.stdout == "door:\n  first\n  opened rtsp://cam/1\n"
    assert done.stderr.startswith("fer-edge: error: off: no ssh server is listening")
    off, door = json.loads(run((fleet_file, fleet[1]), "off", "door", "--logs", "--json").stdout)
    assert (off["host"], off["address"], off["lines"]) == ("off", "off.local", [])
    assert (door["host"], door["lines"], door["error"]) == (
        "door",
        ["first", "opened rtsp://cam/1"],
        "",
    )


def test_a_journal_that_cannot_be_read_is_one_clear_line(
    two: list[SshDevice], journal: Path
) -> None:
    journal.write_text("#!/bin/sh\necho 'No journal files were found.' >&2\nexit 1\n")
    done = deploy_with(two[0], "device", "--logs")
    assert_one_clear_line(done, "journal cannot be read", "No journal files were found")


def test_rollback_without_a_release_before_is_refused(fleet: tuple[Path, Path]) -> None:
    fleet_file = fleet[0].with_name("gone.toml")  # a rollback does not need the model
    fleet_file.write_text(fleet[0].read_text().replace('"tiny"', '"gone.tflite"'))
    for path in (fleet[0], fleet_file):
        done = run((path, fleet[1]), "door", "--rollback")
        assert done.exit_code == 1
        assert "no release before the current one" in done.stderr
