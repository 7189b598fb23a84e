"""Cameras of a real kernel: listing, modes, refusals, and recovery after a loss."""

import json
from collections.abc import Iterator

import pytest

from .live_run import FRUGAL, LiveRun, live_run
from .machine import Machine

BY_PATH = "/dev/v4l/by-path/platform-vivid.0-video-index0"
DRIVER = "/sys/bus/platform/drivers/vivid"


def test_the_doctor_finds_nothing_wrong_and_both_cameras(machine: Machine) -> None:
    said = machine.run("fer-edge doctor").stdout
    print(said)
    assert "/dev/video0" in said
    assert "/dev/video10" in said


@pytest.mark.parametrize(("asked", "got"), [("640x360", [640, 360]), ("1280x720", [1280, 720])])
def test_a_camera_is_set_to_the_mode_that_is_asked_for(
    machine: Machine, asked: str, got: list[int]
) -> None:
    line = machine.says(
        f"fer-edge run --camera 0 --size {asked} --fps 25 --max-frames 1 {FRUGAL} --jsonl -"
    )
    machine.run(f"v4l2-ctl -d 0 -V | tee /dev/stderr | grep -q '{got[0]}/{got[1]}'")
    assert json.loads(line)["faces"] == []


def test_a_face_is_read_from_a_camera(machine: Machine) -> None:
    lines = machine.says("fer-edge run --camera 10 --max-frames 3 --jsonl -").splitlines()
    assert len(lines) == 3
    for record in map(json.loads, lines):
        (face,) = record["faces"]
        assert face["box"][2] - face["box"][0] > 50


def refused(machine: Machine, options: str, user: str = "pi") -> str:
    """Return the single line that a run prints if it cannot open its camera."""
    program = "/opt/fer-edge/bin/fer-edge"
    done = machine.run(f"cd; {program} run {options} --jsonl -", user=user, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    print(line)
    return line


def test_a_busy_camera_is_said_to_be_busy(machine: Machine) -> None:
    machine.run(
        "v4l2-ctl -d 0 --stream-mmap --stream-count=100000 > /dev/null 2>&1 & disown; sleep 2"
    )
    line = refused(machine, "--camera 0")
    machine.run("pkill -f '[s]tream-count=100000'; sleep 1")
    assert "busy" in line or "in use" in line or "another program" in line
    assert "permi" not in line


def test_a_forbidden_camera_is_said_to_be_forbidden(machine: Machine) -> None:
    line = refused(machine, "--camera 0", user="guest")
    assert "permi" in line
    assert "video" in line.replace("/dev/video", "")  # the name of the group
    assert "busy" not in line


def test_a_camera_that_is_not_there_lists_those_that_are(machine: Machine) -> None:
    line = refused(machine, "--camera 7")
    assert "/dev/video10" in line
    assert BY_PATH in line or "/dev/video0" in line


@pytest.fixture(scope="module")
def watcher(machine: Machine) -> Iterator[LiveRun]:
    """Provide a run on the vivid camera that continues over several losses."""
    with live_run(machine, f"--camera {BY_PATH}") as run:
        yield run


def assert_lost_and_found(run: LiveRun, machine: Machine, take: str, give_back: str) -> None:
    """Remove the camera, wait until the run reports this, restore it, and wait for frames."""
    before = run.log().count("trying again")
    machine.run(take)
    machine.wait_for(f"test $(grep -c 'trying again' live/log) -gt {before}", timeout_s=40)
    machine.run(give_back)
    run.wait_for_lines(10)
    machine.run("sleep 11")  # longer than STEADY_S: retries after the next loss are quick


def test_a_cable_that_is_pulled_and_plugged_in(watcher: LiveRun, machine: Machine) -> None:
    # a control of vivid: each call to the device returns ENODEV, as after unplugging from USB
    assert_lost_and_found(
        watcher,
        machine,
        "v4l2-ctl -d 0 -c disconnect=1",
        f"sleep 3; for act in unbind bind; do echo vivid.0 | sudo tee {DRIVER}/$act; done",
    )


def test_a_driver_that_is_unbound_and_bound(watcher: LiveRun, machine: Machine) -> None:
    assert_lost_and_found(
        watcher,
        machine,
        f"echo vivid.0 | sudo tee {DRIVER}/unbind",
        f"sleep 5; echo vivid.0 | sudo tee {DRIVER}/bind",
    )


def test_a_stream_that_breaks(watcher: LiveRun, machine: Machine) -> None:
    assert_lost_and_found(
        watcher, machine, "v4l2-ctl -d 0 -c inject_fatal_streaming_error=1", "true"
    )


def test_a_camera_that_comes_back_under_another_number(watcher: LiveRun, machine: Machine) -> None:
    # meanwhile the loopback camera takes vivid's number; the path still leads to vivid
    loopback = "sudo systemctl stop camera-feed; sudo modprobe -r v4l2loopback"
    unbind, bind = (f"echo vivid.0 | sudo tee {DRIVER}/{act}" for act in ("unbind", "bind"))
    swap = f"{loopback}; sudo modprobe v4l2loopback video_nr=0; sleep 1; {bind}"
    assert_lost_and_found(watcher, machine, unbind, swap)
    assert machine.says(f"readlink -f {BY_PATH}") == "/dev/video1"
    back = f"{unbind}; {loopback}; {bind}; sudo systemctl start camera-feed"
    assert_lost_and_found(watcher, machine, unbind, back)


def test_the_run_that_lost_its_camera_ends_in_good_order(
    watcher: LiveRun, machine: Machine
) -> None:
    assert watcher.stop() == 0
    records = watcher.records()
    numbers = [record["frame"] for record in records]
    assert numbers == sorted(set(numbers))
    # the log has no lines of OpenCV or of the driver
    assert all(line.startswith("fer-edge: ") for line in watcher.log().splitlines())
    print(watcher.log())


def test_a_camera_whose_sender_stops(machine: Machine) -> None:
    with live_run(machine, "--camera 10") as run:
        assert_lost_and_found(
            run, machine, "sudo systemctl stop camera-feed", "sudo systemctl start camera-feed"
        )
        assert run.stop() == 0
