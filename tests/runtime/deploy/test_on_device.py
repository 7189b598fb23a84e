"""`doctor --on` and `benchmark --on`: the fer-edge of a device, run from this machine."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fer_edge.cli.main import main
from fer_edge.faces.faceset import FaceSet, load_faceset, save_faceset
from fer_edge.model.bundled import find_model
from fer_edge.runtime.measurement.report.report import read_report
from tests.support.cartoons import make_faces
from tests.support.ssh_device import SshDevice


def ask(device: SshDevice, *words: object) -> Result:
    line = [*map(str, words), "--ssh-config", str(device.config)]
    return CliRunner().invoke(main, line)


def test_a_device_is_examined_by_its_own_doctor(device: SshDevice) -> None:
    done = ask(device, "doctor", "--on", "device", "--json")
    assert done.exit_code == 0, done.stderr
    findings = json.loads(done.stdout)["device"]["findings"]
    assert any(item["topic"] == "model" and item["status"] == "ok" for item in findings)
    python = next(item["text"] for item in findings if item["topic"] == "python")
    assert str(device.base / "environments") in python or str(device.base / "current") in python
    shown = ask(device, "doctor", "--on", "device").stdout.splitlines()
    assert shown[0] == "device"


def test_a_device_without_a_release_is_named(bare_device: SshDevice) -> None:
    done = ask(bare_device, "doctor", "--on", "device")
    assert done.exit_code == 1
    assert "nothing is deployed there" in done.stdout
    assert "fer-edge deploy" in done.stdout


def test_a_device_that_does_not_answer_hides_no_other(device: SshDevice) -> None:
    done = ask(device, "doctor", "--on", "127.0.0.1.invalid", "--on", "device", "--json")
    assert done.exit_code == 1
    reports = json.loads(done.stdout)
    assert reports["device"]["status"] != "problem"
    assert reports["127.0.0.1.invalid"]["status"] == "problem"
    (finding,) = reports["127.0.0.1.invalid"]["findings"]
    assert "127.0.0.1.invalid: " in finding["text"]
    assert ask(device, "doctor", "--on", "device", "--on", "").exit_code == 2


def test_a_service_is_found_by_its_name(device: SshDevice) -> None:
    device.base.with_name("gate").symlink_to(device.base)
    try:
        done = ask(device, "doctor", "--on", "device", "--name", "gate", "--json")
        assert done.exit_code == 0, done.stderr
    finally:
        device.base.with_name("gate").unlink()
    for command in (("doctor",), ("benchmark", "tiny", "--quick")):
        done = ask(device, *command, "--on", "device", "--name", "gate")
        assert done.exit_code == 1
        assert "nothing is deployed there as gate; run" in done.output


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    path = tmp_path / "faces.npz"
    save_faceset(make_faces(per_class=4, validation_per_class=3), path)
    return path


def test_reports_of_devices_come_home_and_stand_beside_ours(
    device: SshDevice, faces: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.tflite"
    shutil.copy(find_model("tiny"), mine)
    folder = tmp_path / "report"
    words = ["benchmark", "compact", mine, "--data", faces, "--quick", "--report", folder]
    done = ask(device, *words, "--on", "device")
    assert done.exit_code == 0, done.stderr
    here, there = read_report(folder), read_report(folder / "device")
    assert [model.path for model in there.models] == ["compact", str(mine)]
    assert there.faces == here.faces  # the same faces, by their digest
    accuracies = [
        [model.evaluation.every_face.accuracy for model in report.models if model.evaluation]
        for report in (here, there)
    ]
    assert accuracies[0] == accuracies[1]  # the same processor, so exactly equal
    assert there.plan == here.plan
    head = next(line for line in done.stdout.splitlines() if line.startswith("model"))
    assert head.split() == ["model", "figure", "threads", "here", "device"]
    assert "| model | figure | threads | here | device |" in (folder / "devices.md").read_text()
    assert not list(device.base.glob("fer-edge-*"))  # no temporary folder is left there


def test_only_the_faces_that_are_scored_travel(
    device: SshDevice, faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fer_edge.runtime.measurement import remote

    sent: list[FaceSet] = []

    def packed(part: FaceSet) -> bytes:
        sent.append(part)
        raise KeyboardInterrupt

    monkeypatch.setattr(remote, "_packed", packed)
    ask(device, "benchmark", "tiny", "--data", faces, "--quick", "--on", "device")
    (part,) = sent
    assert part.digest == load_faceset(faces).part("validation").digest


def test_a_keras_file_does_not_travel(device: SshDevice, tmp_path: Path) -> None:
    from fer_edge.errors import ConfigError
    from fer_edge.runtime.measurement.remote import Errand, measure_there

    path = tmp_path / "model.keras"
    path.touch()
    errand = Errand((str(path),), None, None, None, (), None, (), "")
    with pytest.raises(ConfigError, match="convert it first"):
        measure_there("device", errand, device.config)
