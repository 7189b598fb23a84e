"""The service under a real systemd: its kinds, its watchdog, reload and reboot."""

import pytest

from .live_run import FRUGAL
from .machine import Machine
from .service import Kind, Service

DOOR = f"--camera 10 {FRUGAL} --jsonl {{folder}}/door.jsonl --csv {{folder}}/door.csv"


@pytest.mark.parametrize("kind", ["root", "dynamic", "user"])
def test_a_service_reads_writes_and_ends(service: Service, kind: Kind, machine: Machine) -> None:
    service.install(DOOR, kind)
    service.wait_for_lines(10)
    assert service.show("NRestarts") == "0"
    assert "frames/s" in service.show("StatusText")
    machine.run(f"{service.systemctl} stop {service.name}")
    assert service.show("Result") == "success"
    assert service.records()[-1]["faces"][0]["label"]
    if kind != "user":
        print(machine.says("systemd-analyze security door --no-pager | tail -1"))


def test_what_it_says_stands_in_the_journal(service: Service, machine: Machine) -> None:
    service.install(DOOR)
    service.wait_for_lines(5)
    machine.run("sudo systemctl stop camera-feed; sleep 8; sudo systemctl start camera-feed")
    service.wait_for_lines(20)
    said = service.journal()
    assert "trying again" in said
    # lines of OpenCV and FFmpeg, one or two for each retry, would fill the journal
    assert "VIDEOIO" not in said
    assert "[ WARN" not in said


def test_a_service_whose_camera_comes_late_starts_with_it(
    service: Service, machine: Machine
) -> None:
    machine.run("sudo systemctl stop camera-feed; sudo modprobe -r v4l2loopback")
    try:
        told = DOOR.format(folder=service.folder) + " --on-loss wait"
        machine.run(
            f"mkdir -p out; {_install(told)}; sudo systemctl daemon-reload; "
            "sudo systemctl start --no-block door; sleep 75"
        )
        # 75 s are longer than TimeoutStartSec for a unit that reports nothing
        assert service.show("ActiveState") in ("activating", "active")
        assert service.show("NRestarts") == "0"
    finally:
        machine.run("sudo systemctl start camera-feed")
    service.wait_until_active()
    service.wait_for_lines(5)


def _install(told: str) -> str:
    return f"sudo /home/pi/fer-edge/bin/fer-edge service install --run-as pi --name door -- {told}"


def test_a_service_that_hangs_is_started_again(service: Service, machine: Machine) -> None:
    service.install(DOOR)
    machine.run(f"sudo kill -STOP {service.show('MainPID')}")
    machine.wait_for(
        "test $(systemctl show door -p NRestarts --value) -ge 1 && systemctl is-active door",
        timeout_s=180,
    )
    service.wait_for_lines(5)
    service.records()


def test_a_good_model_is_taken_and_a_bad_one_is_not(service: Service, machine: Machine) -> None:
    package = "/home/pi/fer-edge/lib/python3.13/site-packages/fer_edge/model/files"
    machine.run(f"cp {package}/tiny.tflite model.tflite")
    service.install(DOOR.replace("--model tiny", "--model /home/pi/model.tflite"))
    pid = service.show("MainPID")
    for change in (
        f"cp {package}/tiny.tflite new.tflite",
        f"head -c 50000 {package}/tiny.tflite > new.tflite",
        f"cp {package}/compact-ferplus.tflite new.tflite",
    ):
        machine.run(f"{change}; mv new.tflite model.tflite; sudo systemctl reload door; sleep 3")
        service.wait_for_lines(5)
        assert service.show("MainPID") == pid
    said = service.journal()
    print(said)
    assert said.count("was reloaded") == 1
    assert said.count("the current model is kept") == 2
    machine.run("rm model.tflite")


def test_a_reboot_goes_on_in_the_same_files(service: Service, machine: Machine) -> None:
    service.install(DOOR)
    service.wait_for_lines(10)
    before = service.count()
    machine.reboot()
    service.wait_until_active(timeout_s=180)
    service.wait_for_lines(5)
    assert len(service.records()) > before
