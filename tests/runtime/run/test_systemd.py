"""Services that a real systemd starts, in their sandbox."""

import json
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.model.bundled import bundled_models
from fer_edge.pictures.sample_photo import sample_photo
from tests.faults.camera import Camera

from ...support.systemd_machine import SystemdMachine

PROGRAM = Path(sys.executable).with_name("fer-edge")
HIDDEN = ("/tmp", "/var/tmp", "/home", "/root")
INSIDE = Path("/srv/shared")
BUNDLED = next(iter(bundled_models().values()))
TOKEN = "planted-token-of-the-page"


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdMachine]:
    if any(PROGRAM.is_relative_to(folder) for folder in HIDDEN):
        pytest.skip("this checkout is in a folder that no service sees")
    machine = SystemdMachine(tmp_path_factory.mktemp("systemd"))
    yield machine
    machine.close()


def install(systemd: SystemdMachine, name: str, *options: object) -> str:
    said = systemd.run(PROGRAM, "service", "install", "--name", name, *options)
    systemd.run("systemctl", "daemon-reload")
    return said


def shown(systemd: SystemdMachine, name: str, field: str) -> str:
    return systemd.run("systemctl", "show", name, "--value", "-p", field).strip()


def test_a_service_reads_a_camera_and_serves_its_page_with_little_of_the_system_in_reach(
    systemd: SystemdMachine,
) -> None:
    shutil.copyfile(BUNDLED, systemd.shared / "mine.tflite")  # the machine's shared folder
    lines = "/var/lib/door/door.jsonl"
    with Camera() as camera:
        options = ("--input", camera.url, "--web", "127.0.0.1:0", "--web-token", TOKEN)
        outputs = ("--jsonl", lines, "--csv", "/var/lib/door/door.csv")
        install(systemd, "door", "--", *options, *outputs, "--model", INSIDE / "mine.tflite")
        systemd.run("systemctl", "start", "door")
        assert shown(systemd, "door", "ActiveState") == "active"
        assert shown(systemd, "door", "User") == "door"
        journal = systemd.wait_for("http://127.0.0.1:", "journalctl", "-u", "door", "--no-pager")
        assert TOKEN not in journal
        assert "planted" not in journal
        page = next(word for word in journal.split() if word.startswith("http://127.0.0.1:"))
        request = urllib.request.Request(
            f"{page}api/state", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert json.load(answer)
        camera.kill()
        systemd.wait_for("trying again until it is back", "journalctl", "-u", "door")
        camera.start()
        systemd.wait_for("is back after", "journalctl", "-u", "door")
        systemd.run("systemctl", "reload", "door")
        systemd.wait_for("was reloaded", "journalctl", "-u", "door")
        pid = shown(systemd, "door", "MainPID")
        status = systemd.run("cat", f"/proc/{pid}/status")
        assert "CapEff:\t0000000000000000" in status
        assert "Seccomp:\t2" in status
        assert "planted" not in systemd.run("cat", f"/proc/{pid}/environ")
        systemd.run("systemctl", "stop", "door")
    assert shown(systemd, "door", "Result") == "success"
    for line in systemd.run("cat", lines).splitlines():
        assert json.loads(line)["source"] == f"http://127.0.0.1:{camera.port}/video"
    assert systemd.run("ls", "/var/cache/private/door/fer-edge/tried-models").strip()
    threshold = ("--threshold=25", "door.service")
    systemd.run("systemd-analyze", "security", "--no-pager", *threshold)


def test_a_service_creates_a_missing_folder_below_its_own(systemd: SystemdMachine) -> None:
    (systemd.shared / "pictures").mkdir()
    shutil.copyfile(sample_photo(), systemd.shared / "pictures" / "face.jpg")
    lines = "/var/lib/made/new folder/lines.jsonl"
    options = ("--input", INSIDE / "pictures", "--jsonl", lines)
    install(systemd, "made", "--run-as", "daemon", "--", *options)
    systemd.run("systemctl", "start", "made")
    systemd.wait_for('"faces"', "cat", lines)


def test_a_service_that_cannot_start_says_why_in_the_journal(systemd: SystemdMachine) -> None:
    model = systemd.shared / "gone.tflite"
    shutil.copyfile(BUNDLED, model)
    (systemd.shared / "crops").mkdir()
    options = ("--input", INSIDE / "crops", "--csv", "/var/lib/files/x.csv")
    install(systemd, "files", "--", *options, "--model", INSIDE / "gone.tflite")
    model.unlink()
    assert "PrivateNetwork=yes" in systemd.run("cat", "/etc/systemd/system/files.service")
    systemd.run("systemctl", "start", "files", check=False)
    journal = systemd.run("journalctl", "-u", "files", "--no-pager")
    assert "fer-edge: error: " in journal
