"""A service with a full disk, a lost broker or a changed clock; its web page from outside."""

from datetime import datetime
from itertools import pairwise

import pytest

from tests.support.chromium import Chromium

from .live_run import FRUGAL
from .machine import Machine
from .service import Service

DOOR = f"--camera 10 {FRUGAL} --jsonl {{folder}}/door.jsonl"
PASSWORD = "p/@:# %w"
TOKEN = "correct-horse-battery"


def test_a_full_disk_is_one_line_and_once_freed_it_goes_on(
    service: Service, machine: Machine
) -> None:
    machine.run("mkdir -p out; sudo mount -t tmpfs -o size=256k,uid=pi none out")
    try:
        service.install(DOOR)
        machine.run("head -c 200k /dev/zero > out/filler || true")
        machine.wait_for("test $(systemctl show door -p NRestarts --value) -ge 1", timeout_s=240)
        assert "space" in service.journal()
        machine.run("rm out/filler")
        service.wait_until_active()
        service.wait_for_lines(5)
        service.records()
    finally:
        machine.run("sudo systemctl stop door; sudo umount out")


def test_a_broker_that_goes_and_comes_back_gets_the_newest_state(
    service: Service, machine: Machine
) -> None:
    machine.run(
        f"touch b.pass; mosquitto_passwd -b b.pass pi '{PASSWORD}'; "
        "printf 'listener 1883\\npassword_file /home/pi/b.pass\\n' > b.conf"
    )
    broker = "sudo systemd-run --quiet --unit broker --uid pi mosquitto -c /home/pi/b.conf"
    listen = f"mosquitto_sub -u pi -P '{PASSWORD}' -W 60"
    sees_face = f"{listen} -C 1 -t home/door/state | grep -E '\"count\": ?1'"
    machine.run(broker)
    try:
        service.install(
            f"--camera 10 {FRUGAL} --mqtt mqtt://pi@127.0.0.1/home/door --mqtt-every 1",
            environment=f"FER_EDGE_MQTT_PASSWORD='{PASSWORD}'",
        )
        machine.wait_for(sees_face, timeout_s=120)
        pid = service.show("MainPID")
        machine.run("sudo systemctl stop broker; sleep 20")
        assert service.show("ActiveState") == "active"
        machine.run(broker)  # the new one has no retained messages
        machine.wait_for(sees_face, timeout_s=120)
        assert service.show("MainPID") == pid
        # the broker publishes the last will when the run is killed
        said = machine.says(
            f"(sleep 3; sudo kill -9 {pid}) & {listen} -C 2 -t home/door/availability"
        )
        assert said.split() == ["online", "offline"]
        assert PASSWORD not in service.journal()
    finally:
        machine.run("sudo systemctl stop door broker", check=False)


def test_a_clock_that_is_set_by_an_hour_changes_nothing(service: Service, machine: Machine) -> None:
    service.install(DOOR)
    service.wait_for_lines(10)
    pid = service.show("MainPID")
    for step in ("1 hour", "-2 hours", "1 hour"):
        machine.run(f"sudo date -s '{step}' > /dev/null; sleep 12")
        service.wait_for_lines(10)
        assert service.show("MainPID") == pid
    records = service.records()
    assert len({record["run"] for record in records}) == 1
    steps = [later["time_s"] - earlier["time_s"] for earlier, later in pairwise(records)]
    assert 0 < min(steps) <= max(steps) < 60
    # the wall clock is recorded, too, and must show the jumps
    moments = [datetime.fromisoformat(record["time"]) for record in records]
    jumps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert sum(abs(jump) > 3000 for jump in jumps) == 3


def test_the_page_is_seen_from_outside(service: Service, machine: Machine) -> None:
    service.install(
        f"--camera 10 {FRUGAL} --web 0.0.0.0:8000", environment=f"FER_EDGE_WEB_TOKEN={TOKEN}"
    )
    with Chromium() as browser:
        browser.resize(1200, 900)
        browser.open(f"http://127.0.0.1:{machine.web_port}/?token={TOKEN}")
        browser.wait_for("document.querySelectorAll('#faces .face li').length > 3", timeout_s=60)
        # the veil is the text that waits for the first frame
        browser.wait_for("document.getElementById('veil').hidden", timeout_s=60)
        place = machine.serial.with_name("page.png")
        browser.screenshot(place)
        print(place)
        assert browser.errors == []


pytestmark = pytest.mark.slow
