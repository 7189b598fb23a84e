"""Faults of a live run, each injected many times at random moments."""

import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from fer_edge.model.bundled import bundled_models
from fer_edge.model.file import read_model, write_model
from tests.faults.camera import Camera
from tests.faults.fault import Fault
from tests.faults.live_run import await_lines, count_lines, run
from tests.faults.outputs import frames_of, leftovers, torn_lines, torn_rows
from tests.faults.program import Child
from tests.support.hostile_graphs import crashing_graph


def kill(chance: random.Random, folder: Path, camera: Camera) -> list[str]:
    """Kill a run with SIGKILL, which ends it as a power cut would."""
    child = Child(run(camera.url, folder), folder)
    time.sleep(chance.uniform(0.0, 1.2))
    child.send(signal.SIGKILL)
    outcome = child.wait()
    faults = outcome.faults(-signal.SIGKILL) + torn_lines(folder / "out" / "a.jsonl")
    faults += torn_rows(folder / "out" / "a.csv")
    lines, video = count_lines(folder), folder / "out" / "a.mkv"
    if lines > 2 and frames_of(video) < lines - 3:
        faults.append(f"the video has {frames_of(video)} frames of {lines}")
    return faults


def stop(chance: random.Random, folder: Path, camera: Camera) -> list[str]:
    """End a run by SIGTERM or SIGINT at a random moment."""
    child = Child(run(camera.url, folder), folder)
    time.sleep(chance.uniform(0.0, 0.8))
    number = chance.choice((signal.SIGTERM, signal.SIGINT))
    had_lines = count_lines(folder) > 0
    child.send(number)
    outcome = child.wait()
    # before the first frame, the kernel or Python chooses the exit code, and no file is written
    codes = (0,) if had_lines else (0, -signal.SIGTERM, -signal.SIGINT, 1, 130)
    faults = outcome.faults(*codes)
    faults = [fault for fault in faults if had_lines or "Aborted!" not in fault]
    faults += torn_lines(folder / "out" / "a.jsonl") + torn_rows(folder / "out" / "a.csv")
    if had_lines:
        faults += leftovers(folder / "out")
        if frames_of(folder / "out" / "a.mkv") < count_lines(folder):
            faults.append("the video has fewer frames than lines were written")
    return faults


def reload(chance: random.Random, folder: Path, camera: Camera) -> list[str]:
    """Damage, replace or remove the model file, or leave it as it is, and send SIGHUP."""
    sound = read_model(bundled_models()["tiny"])
    path = folder / "m.tflite"
    write_model(path, sound.flatbuffer, sound.card)
    child = Child(run(camera.url, folder, "--model", path), folder)
    faults = [] if await_lines(folder, 3) else ["the run wrote no line"]
    data = path.read_bytes()
    kind = chance.randrange(5)
    if kind == 0:
        path.write_bytes(data[: chance.randrange(len(data))])
    elif kind == 1:
        write_model(path, crashing_graph(), sound.card)
    elif kind == 2:
        place = chance.randrange(len(data))
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
    elif kind == 3:
        path.unlink()
    child.send(signal.SIGHUP)
    before = count_lines(folder)
    faults += [] if await_lines(folder, before + 10) else ["the run wrote no line after SIGHUP"]
    child.send(signal.SIGTERM)
    outcome = child.wait()
    if kind in (0, 1, 2, 3) and "the current model is kept" not in outcome.errors:
        faults.append("nothing was said of a file that cannot be used")
    return faults + outcome.faults(0) + torn_lines(folder / "out" / "a.jsonl")


def camera_gone(chance: random.Random, folder: Path, camera: Camera) -> list[str]:
    """Kill the camera and start it again."""
    child = Child(run(camera.url, folder, "--on-loss", "wait"), folder)
    faults = [] if await_lines(folder, 3) else ["the run wrote no line"]
    time.sleep(chance.uniform(0.0, 0.3))
    camera.kill()
    time.sleep(chance.uniform(0.0, 0.5))
    before = count_lines(folder)
    camera.start()
    faults += [] if await_lines(folder, before + 5) else ["no line after the camera came back"]
    child.send(signal.SIGTERM)
    return faults + child.wait().faults(0) + torn_lines(folder / "out" / "a.jsonl")


def disk_full(chance: random.Random, folder: Path, camera: Camera) -> list[str]:
    """Limit the size of files: writing fails with EFBIG, which is handled like ENOSPC."""
    most = chance.randrange(1, 60_000)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    child = Child(run(camera.url, folder, "--max-frames", 400), folder, limit)
    outcome = child.wait()
    faults = outcome.faults(0, 1) + torn_lines(folder / "out" / "a.jsonl")
    faults += torn_rows(folder / "out" / "a.csv")
    if outcome.code == 1 and "cannot write" not in outcome.errors:
        faults.append(f"{outcome.errors!r} does not say what cannot be written")
    return faults


def folder_removed(chance: random.Random, folder: Path, camera: Camera) -> list[str]:
    """Remove the output folder during a run: one line must report this at once."""
    child = Child(run(camera.url, folder), folder)
    faults = [] if await_lines(folder, 2) else ["the run wrote no line"]
    time.sleep(chance.uniform(0.0, 0.3))
    shutil.rmtree(folder / "out", ignore_errors=True)
    outcome = child.wait()
    if "was removed" not in outcome.errors:
        faults.append(f"{outcome.errors!r} does not say that the video was removed")
    return faults + outcome.faults(1)


def little_memory(chance: random.Random, folder: Path, camera: Camera) -> list[str]:
    """Start a run with little address space: it works, or one line states its need."""
    most = chance.randrange(100_000_000, 2_000_000_000)
    done = subprocess.run(
        [sys.executable, "-m", "fer_edge", "run", "--input", camera.url, "--max-frames", "2"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode == 0:
        return []
    lines = done.stderr.strip().splitlines()
    is_one_line = len(lines) == 1 and lines[0].startswith("fer-edge: error: ")
    return [] if is_one_line else [f"{most} bytes: code {done.returncode}, {done.stderr[-200:]!r}"]


LIVE_FAULTS = tuple(
    Fault(name, promise, trial, count, Camera, suite_count=2)
    for name, promise, trial, count in (
        ("kill", "no torn line; the video lacks at most the last frames", kill, 500),
        ("stop", "SIGTERM and SIGINT end a run in good order in every phase", stop, 200),
        ("reload", "no file in the model's place ends a run", reload, 100),
        ("camera gone", "a camera that comes back is read again", camera_gone, 30),
        ("disk full", "one line, and whole lines in the files", disk_full, 50),
        ("folder removed", "said at once, in one line", folder_removed, 30),
        ("little memory", "it works, or one line says what it needs", little_memory, 20),
    )
)
