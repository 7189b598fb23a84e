"""`fer-edge deploy --offline` from here to an arm64 device, and `doctor` and `benchmark` there."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fer_edge.cli.main import main
from fer_edge.runtime.measurement.report.report import read_report

from .device import Arm64Device
from .userland import build, missing_programs, run_in

FOLDER = os.environ.get("FER_EDGE_ARM64")
WITH_SSH = [
    *missing_programs(),
    *(name for name in ("ssh", "ssh-keygen") if not shutil.which(name)),
]

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make test-arm64`: it takes minutes"),
    pytest.mark.skipif(bool(WITH_SSH), reason=f"needs {', '.join(WITH_SSH)}"),
]


@pytest.fixture(scope="module")
def root() -> Path:
    assert FOLDER is not None
    return build(Path(FOLDER).resolve())


@pytest.fixture(scope="module")
def device(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm64Device]:
    """Provide an arm64 device without any deployment."""
    shutil.rmtree(root / "home", ignore_errors=True)
    (root / "home").mkdir()
    device = Arm64Device(root, tmp_path_factory.mktemp("device"))
    yield device
    device.close()


def ask(device: Arm64Device, *words: object) -> Result:
    line = [*map(str, words), "--ssh-config", str(device.config)]
    return CliRunner().invoke(main, line)


def test_wheels_of_its_architecture_are_collected_here_and_prove_themselves_there(
    device: Arm64Device, root: Path
) -> None:
    done = ask(device, "deploy", "device", "--offline", "--json")
    assert done.exit_code == 0, done.output
    (outcome,) = json.loads(done.stdout)
    assert (outcome["state"], outcome["release"]) == ("deployed", 1)
    print(f"self-test on arm64: within {outcome['largest_gap']:.3f}, {outcome['seconds']:.0f} s")
    assert 0 < outcome["largest_gap"] < 0.05  # other kernels than here, small differences
    python = f"{device.home.relative_to(root)}/.local/share/fer-edge/current/env/bin/python"
    code = "import platform, ai_edge_litert, cv2; print(platform.machine(), cv2.__file__)"
    machine, place = run_in(root, f"/{python}", "-I", "-c", code).stdout.split()
    assert machine == "aarch64"
    assert "/environments/" in place or "/current/env/" in place


def test_the_second_time_there_is_nothing_to_do(device: Arm64Device) -> None:
    done = ask(device, "deploy", "device", "--offline", "--json")
    assert [item["state"] for item in json.loads(done.stdout)] == ["unchanged"], done.output


def test_another_model_is_tested_there_before_it_is_linked(device: Arm64Device) -> None:
    done = ask(device, "deploy", "device", "--model", "tiny", "--json")
    (outcome,) = json.loads(done.stdout)
    assert (outcome["state"], outcome["release"]) == ("deployed", 2), done.output
    assert 0 < outcome["largest_gap"] < 0.05
    status = json.loads(ask(device, "deploy", "device", "--status", "--json").stdout)[0]
    assert status["situation"]["facts"]["machine"] == "aarch64"
    assert status["situation"]["current"] == 2


def test_its_doctor_answers(device: Arm64Device) -> None:
    done = ask(device, "doctor", "--on", "device", "--json")
    assert done.exit_code == 0, done.output
    found = {item["topic"]: item for item in json.loads(done.stdout)["device"]["findings"]}
    assert found["python"]["text"].startswith("3.13")
    assert found["model"]["status"] == "ok"


def test_its_benchmark_comes_home(device: Arm64Device, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    words = ["benchmark", "tiny", "--quick", "--on", "device", "--report", folder]
    done = ask(device, *words)
    assert done.exit_code == 0, done.output
    there = read_report(folder / "device")
    assert there.device.machine == "aarch64"
    assert there.models[0].path == "tiny"
    assert "| model | figure | threads | here | device |" in (folder / "devices.md").read_text()


def test_remove_leaves_nothing(device: Arm64Device) -> None:
    assert ask(device, "deploy", "device", "--remove").exit_code == 0
    assert not (device.home / ".local" / "share" / "fer-edge").exists()
