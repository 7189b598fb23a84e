"""Faults of the parts that a live run depends on: RTSP server, broker, disk, clock."""

import itertools
import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.camera import Camera
from tests.faults.fault import Fault, LackingError
from tests.faults.garbler import Garbler
from tests.faults.live_run import await_lines, count_lines, run
from tests.faults.outputs import torn_lines, torn_rows
from tests.faults.program import Child, Started
from tests.support.mqtt_broker import MOSQUITTO, BrokerProcess
from tests.support.stream_servers import RtspServer

_DAY_S = 86400
_CLOCK_READ_S = 1.0
"""Interval in seconds at which libfaketime reads the file with the time."""
_LIBRARIES = Path("/usr/lib")
_PATIENCE_S = 30.0


@contextmanager
def _rtsp() -> Iterator[RtspServer]:
    try:
        server = RtspServer()
    except (OSError, ValueError) as error:
        raise LackingError("GStreamer's RTSP server (make parts)") from error
    try:
        yield server
    finally:
        server.kill()


def rtsp_garbled(chance: random.Random, folder: Path, server: RtspServer) -> list[str]:
    """Change, delay or cut the data of an RTSP server, then forward all of it unchanged again."""
    with Garbler(int(server.port)) as line:
        url = f"rtsp://anna:planted-password@127.0.0.1:{line.port}/camera?key=planted-key"
        child = Child(run(url, folder, "--on-loss", "wait"), folder)
        faults = [] if await_lines(folder, 5) else ["the run wrote no line"]
        time.sleep(chance.uniform(0.0, 0.5))
        line.spoil(chance)
        time.sleep(chance.uniform(0.1, 2.0))
        line.mend()
        before = count_lines(folder)
        faults += (
            []
            if await_lines(folder, before + 20)
            else ["no line after the connection was repaired"]
        )
        child.send(signal.SIGTERM)
        outcome = child.wait()
    return faults + outcome.faults(0) + torn_lines(folder / "out" / "a.jsonl")


@contextmanager
def _camera_and_broker() -> Iterator[tuple[Camera, str]]:
    if MOSQUITTO is None:
        raise LackingError("Mosquitto (make parts)")
    with Camera() as camera:
        yield camera, MOSQUITTO


def broker_gone(chance: random.Random, folder: Path, setting: tuple[Camera, str]) -> list[str]:
    """Stop the broker, sometimes after it hung, and start it again: the run must continue."""
    camera = setting[0]
    broker = BrokerProcess(folder)
    broker.start()
    url = f"mqtt://anna:planted-password@127.0.0.1:{broker.port}/fault"
    child = Child(run(camera.url, folder, "--mqtt", url, "--mqtt-every", 0.5), folder)
    try:
        faults = [] if await_lines(folder, 5) else ["the run wrote no line"]
        time.sleep(chance.uniform(0.0, 1.0))
        assert broker.process is not None
        if chance.random() < 0.3:
            broker.process.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.1, 1.0))
        broker.stop()
        before = count_lines(folder)
        faults += [] if await_lines(folder, before + 20) else ["no line without the broker"]
        broker.start()
        if "faces" not in _state(broker.port):
            faults.append("the restarted broker received nothing")
        child.send(signal.SIGTERM)
        return faults + child.wait().faults(0) + torn_lines(folder / "out" / "a.jsonl")
    finally:
        broker.stop()


def _state(port: int) -> str:
    """Wait for a state message of the run; return it as mosquitto_sub prints it."""
    client = shutil.which("mosquitto_sub")
    if client is None:
        raise LackingError("mosquitto_sub (make parts)")
    options = ("-h", "127.0.0.1", "-p", str(port), "-t", "fault/state", "-C", "1", "-W", "30")
    done = subprocess.run([client, *options], capture_output=True, text=True, check=False)
    return done.stdout


@contextmanager
def _small_disks() -> Iterator[tuple[Camera, Callable[[Path, int], None]]]:
    mounted: list[Path] = []

    def mount(folder: Path, size_kib: int) -> None:
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise LackingError("mounting a small disk, which needs root")
        mounted.append(folder)

    with Camera() as camera:
        try:
            yield camera, mount
        finally:
            for folder in mounted:
                subprocess.run(["umount", "--lazy", folder], capture_output=True, check=False)


def small_disk(
    chance: random.Random, folder: Path, setting: tuple[Camera, Callable[[Path, int], None]]
) -> list[str]:
    """Start a run that writes to a small file system until it is full."""
    camera, mount = setting
    out = folder / "out"
    mount(out, 4 * chance.randrange(2, 40))
    outcome = Child(run(camera.url, folder, "--max-frames", 400), folder).wait()
    faults = outcome.faults(0, 1) + torn_lines(out / "a.jsonl") + torn_rows(out / "a.csv")
    if outcome.code == 1 and "cannot write" not in outcome.errors:
        faults.append(f"{outcome.errors!r} does not say what cannot be written")
    subprocess.run(["umount", "--lazy", out], capture_output=True, check=False)
    return faults


@contextmanager
def _false_clock() -> Iterator[tuple[Camera, Path]]:
    library = next(_LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        raise LackingError("faketime (make parts)")
    with Camera() as camera:
        yield camera, library


def clock_set(chance: random.Random, folder: Path, setting: tuple[Camera, Path]) -> list[str]:
    """Set the clock by 2 seconds to 400 days during a run: its frame times must stay even."""
    camera, library = setting
    clock = folder / "clock"
    clock.write_text("+0\n", "ascii")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": f"{_CLOCK_READ_S:.0f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    child = Started(run(camera.url, folder), folder, environment)
    faults = [] if await_lines(folder, 5) else ["the run wrote no line"]
    for _ in range(3):
        jump_s = chance.choice((-1, 1)) * chance.choice((2, 3600, _DAY_S, 400 * _DAY_S))
        clock.write_text(f"{jump_s:+d}\n", "ascii")
        time.sleep(1.5 * _CLOCK_READ_S)
        before = count_lines(folder)
        faults += [] if await_lines(folder, before + 10) else [f"no line behind {jump_s:+} s"]
    child.send(signal.SIGTERM)
    faults += child.wait().faults(0) + torn_lines(folder / "out" / "a.jsonl")
    return faults + _uneven_times(folder / "out" / "a.jsonl")


def _uneven_times(path: Path) -> list[str]:
    times: list[Any] = [json.loads(line)["time_s"] for line in path.read_text().splitlines()]
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    bad = [step for step in steps if not 0 < step < _PATIENCE_S]
    return [f"frames are {bad[0]} s apart"] if bad else []


PART_FAULTS = (
    Fault("RTSP garbled", "the stream is read again when it is sound", rtsp_garbled, 40, _rtsp),
    Fault(
        "broker gone",
        "the run continues; the broker that comes back gets the state",
        broker_gone,
        40,
        _camera_and_broker,
    ),
    Fault("small disk", "one line, and whole lines in the files", small_disk, 40, _small_disks, 1),
    Fault(
        "clock set", "frames keep their times, and the run continues", clock_set, 30, _false_clock
    ),
)
