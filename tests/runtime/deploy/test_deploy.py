"""`fer-edge deploy` to a real sshd on loopback, with a real systemd instance of the user."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.model.bundled import find_model
from tests.support.clear_line import assert_one_clear_line
from tests.support.ssh_device import SshDevice

from .conftest import deploy_with, wait_until_free, write_config


def service_of(device: SshDevice, *names: str) -> dict[str, str]:
    said = device.systemctl("show", "fer-edge", "-p", ",".join(names)).stdout
    return dict(line.split("=", 1) for line in said.splitlines())


def current(device: SshDevice) -> str:
    return str((device.base / "current").readlink())


def test_the_first_release_runs_as_a_service_that_starts_with_the_device(device: SshDevice) -> None:
    state = service_of(device, "ActiveState", "UnitFileState", "ExecStart")
    assert state["ActiveState"] == "active"
    assert state["UnitFileState"] == "enabled"
    assert f"{device.base}/releases/" in state["ExecStart"]


def test_nothing_to_do_is_said(device: SshDevice, door: Path) -> None:
    before = service_of(device, "MainPID"), current(device)
    done = deploy_with(device, "device", "--config", door, "--json")
    assert done.exit_code == 0, done.stderr
    assert [item["state"] for item in json.loads(done.stdout)] == ["unchanged"]
    assert (service_of(device, "MainPID"), current(device)) == before


def test_all_files_are_their_owners_only_and_no_secret_is_in_the_unit(device: SshDevice) -> None:
    assert stat.S_IMODE(device.base.stat().st_mode) == 0o700
    release = device.base / current(device)
    files = [path for path in release.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} <= {0o600, 0o644}
    keepers = {path.name: path for path in files if b"geheim" in path.read_bytes()}
    assert keepers.pop("config.toml") == release / "config.toml"
    assert len(keepers) == 1  # the file that systemd reads for the service
    for path in (release / "config.toml", release / "secrets.json", *keepers.values()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_secret_is_in_a_list_of_processes(
    device: SshDevice, door: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    from fer_edge.runtime.deploy.connection import Connection

    real = Connection.ask

    def ask(self: Connection, do: str, *rest: object, **more: object) -> object:
        lines = [
            path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_there(path)
        ]
        seen.append(do)
        assert not any(b"geheim" in line or b"token77" in line for line in lines)
        return real(self, do, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "ask", ask)
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "token77")
    done = deploy_with(device, "device", "--config", door, "--no-service")
    assert done.exit_code == 0, done.stderr
    assert {"put", "switch"} <= set(seen)


def _is_there(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def test_a_model_alone_is_exchanged_without_a_restart(device: SshDevice) -> None:
    deploy_with(device, "device", "--model", "compact")
    before = service_of(device, "MainPID")
    done = deploy_with(device, "device", "--model", "tiny")
    assert done.exit_code == 0, done.stderr
    assert "between two frames" in done.stdout
    assert service_of(device, "MainPID") == before
    assert (device.base / "current" / "model.tflite").read_bytes() == find_model(
        "tiny"
    ).read_bytes()


def test_a_model_with_other_labels_restarts_the_service(device: SshDevice) -> None:
    before = service_of(device, "MainPID")
    done = deploy_with(device, "device", "--model", "compact-ferplus")
    assert done.exit_code == 0, done.stderr
    assert service_of(device, "MainPID") != before
    assert service_of(device, "ActiveState") == {"ActiveState": "active"}


def test_rollback_runs_the_release_before(device: SshDevice) -> None:
    deploy_with(device, "device", "--model", "compact")
    was = current(device)
    deploy_with(device, "device", "--model", "tiny")
    done = deploy_with(device, "device", "--rollback")
    assert done.exit_code == 0, done.stderr
    assert current(device) == was
    assert service_of(device, "ActiveState") == {"ActiveState": "active"}


def test_a_release_that_does_not_start_is_rolled_back(device: SshDevice, tmp_path: Path) -> None:
    was = current(device)
    wrong = write_config(tmp_path / "wrong.toml", "http://127.0.0.1:1/nobody")
    done = deploy_with(device, "device", "--config", wrong)
    assert done.exit_code == 3
    line = done.stderr.strip().splitlines()[-1]
    assert "was not healthy" in line
    assert f"{was.rpartition('/')[2]} runs again" in line
    assert current(device) == was
    assert service_of(device, "ActiveState") == {"ActiveState": "active"}
    assert not (device.base / "switch.json").exists()


def test_a_wrong_key_is_refused_before_anything_travels(device: SshDevice, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[outputs]\nquiett = true\n")
    done = deploy_with(device, "device", "--config", wrong)
    assert_one_clear_line(done, "quiett", "did you mean")
    assert done.exit_code == 2


def test_an_output_that_cannot_be_written_there_is_refused(
    device: SshDevice, camera: str, tmp_path: Path
) -> None:
    was = current(device)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(f'[source]\ninput = "{camera}"\n[outputs]\njsonl = "/nowhere/faces.jsonl"\n')
    done = deploy_with(device, "device", "--config", wrong)
    assert done.exit_code == 1
    assert "/nowhere" in done.stderr.strip().splitlines()[-1]
    assert current(device) == was
    wait_until_free(device)  # when the connection ends, the agent removes the unfinished release
    assert sorted(path.name for path in device.base.iterdir() if path.name.startswith(".")) == []


def test_a_missing_folder_of_an_output_is_created_there(
    device: SshDevice, camera: str, tmp_path: Path
) -> None:
    config = tmp_path / "lines.toml"
    config.write_text(
        f'[source]\ninput = "{camera}"\n[outputs]\nquiet = true\njsonl = "lines/a b.jsonl"\n'
    )
    done = deploy_with(device, "device", "--config", config)
    assert done.exit_code == 0, done.stderr
    assert (device.base / "lines" / "a b.jsonl").stat().st_size
    assert deploy_with(device, "device", "--rollback").exit_code == 0


def test_as_many_releases_stay_as_asked(device: SshDevice) -> None:
    for model in ("tiny", "compact", "tiny"):
        done = deploy_with(device, "device", "--model", model, "--keep", 2)
        assert done.exit_code == 0, done.stderr
    assert len(list((device.base / "releases").iterdir())) == 2
    assert len(list((device.base / "environments").iterdir())) == 1


def test_status_shows_releases_and_service(device: SshDevice) -> None:
    done = deploy_with(device, "device", "--status")
    assert done.exit_code == 0, done.output
    assert f"* release {current(device).rpartition('/')[2]}" in done.stdout
    assert "service active" in done.stdout
    (record,) = json.loads(deploy_with(device, "device", "--status", "--json").stdout)
    assert record["is_well"]
    assert record["situation"]["facts"]["machine"] == os.uname().machine


def test_a_dry_run_changes_nothing(device: SshDevice) -> None:
    was = sorted(str(path) for path in device.base.rglob("*"))
    done = deploy_with(device, "device", "--model", "compact", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "would send the model compact" in done.stderr
    assert sorted(str(path) for path in device.base.rglob("*")) == was


@pytest.fixture
def others_unit(device: SshDevice) -> Iterator[Path]:
    path = device.home / ".config" / "systemd" / "user" / "mine.service"
    path.write_text("[Service]\nExecStart=/bin/true\n")
    yield path
    path.unlink()


def test_somebody_elses_unit_stays(device: SshDevice, door: Path, others_unit: Path) -> None:
    done = deploy_with(device, "device", "--config", door, "--name", "mine")
    assert done.exit_code == 1
    assert str(others_unit) in done.stderr.strip().splitlines()[-1]
    assert not (device.base.parent / "mine" / "current").exists()
