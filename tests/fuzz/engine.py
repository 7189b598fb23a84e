"""Run inputs through doors, in child processes with limits; name, minimize and keep failures.

A child reads numbered inputs in turn and notes the number of each before it reads it. If a signal,
the time limit or the memory limit ends the child, the input of the last noted number has failed;
another child continues with the next number.
"""

import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import FerEdgeError
from tests.fuzz.door import Door

MOST_S = 20.0
MOST_BYTES = 1 << 30
"""Limits of an input: processor time in seconds; memory in bytes, in addition to the libraries'."""

_LONGEST_S = 120.0
"""Limit of an input in seconds of wall-clock time, for inputs that wait and do not compute."""
_START_S = 300.0
"""Limit in seconds until the first input, because importing TensorFlow takes long."""
_MEMORY = 9
"""Exit code of a child that has exceeded the memory limit."""

_ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Crash:
    """An input that a door neither read nor refused in one line.

    Attributes:
        door: Name of the door.
        number: Number of the input.
        kind: Kind of the failure: a signal, an exception and its place, "hang" or "memory".
        data: Bytes of the input.
    """

    door: str
    number: int
    kind: str
    data: bytes

    @property
    def name(self) -> str:
        """File name: the kind of the failure and a digest of the input."""
        letters = "".join(letter if letter.isalnum() else "-" for letter in self.kind)
        return f"{letters[:60]}-{hashlib.sha256(self.data).hexdigest()[:8]}"


def make_input(door: Door, seeds: list[bytes], number: int) -> bytes:
    """Return the input of a number; the first inputs are the valid ones."""
    if number < len(seeds):
        return seeds[number]
    chance = random.Random(f"{door.name}:{number}")
    return door.mutate(chance, chance.choice(seeds))


def fault(door: Door, data: bytes, folder: Path) -> str:
    """Read an input in this process; return the kind of the failure, or an empty string."""
    try:
        door.read(data, folder)
    except FerEdgeError as error:
        return _fault_of_message(str(error))
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if str(_ROOT) in frame.filename]
        place = (own or frames)[-1]
        return f"{type(error).__name__} in {Path(place.filename).stem}.{place.name}"
    return ""


def _fault_of_message(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "message that is not UTF-8"
    return "message of more than 4000 letters" if len(text) > 4000 else ""


def run_here(door: Door, count: int) -> list[Crash]:
    """Run the first inputs in this process, for doors without C code."""
    seeds = door.seeds()
    crashes = []
    with _scratch() as folder:
        for number in range(count):
            data = make_input(door, seeds, number)
            if kind := fault(door, data, folder):
                crashes.append(Crash(door.name, number, kind, data))
    return crashes


@contextmanager
def _scratch() -> Iterator[Path]:
    """Provide a temporary folder, in memory if possible."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fer-edge-fuzz-", dir=place) as folder:
        yield Path(folder)


def run_in_children(
    door: Door, first: int, count: int, until_s: float = float("inf")
) -> tuple[int, list[Crash]]:
    """Run inputs in child processes; return their number, and the failures."""
    failed: list[tuple[int, str]] = []
    number, end = first, first + count
    while number < end and time.monotonic() < until_s:
        reached, kinds, death = _child(door, number, end, until_s)
        failed += kinds
        if not death:
            number = max(reached, number)
            break
        failed.append((reached, death))
        number = reached + 1
    seeds = door.seeds() if failed else []
    crashes = [Crash(door.name, at, kind, make_input(door, seeds, at)) for at, kind in failed]
    return number - first, crashes


def _child(
    door: Door, first: int, end: int, until_s: float
) -> tuple[int, list[tuple[int, str]], str]:
    """Run one child; return the number that it reached, its faults, and the cause of its end."""
    with _scratch() as folder:
        note = folder / "note"
        note.write_text(f"{first}\n", "ascii")
        # a temporary file, because native libraries write a lot during a long run
        with (folder / "stderr").open("wb") as errors:
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.engine", door.name, str(first), str(end), note],
                cwd=_ROOT,
                stderr=errors,
                env={**os.environ, "XDG_CACHE_HOME": str(folder), "CUDA_VISIBLE_DEVICES": ""},
            )
            death = _watch(child, note, until_s)
        lines = note.read_text("utf-8").splitlines()
        kinds = [(int(line.split("\t")[0]), line.split("\t")[1]) for line in lines if "\t" in line]
        reached = int(lines[-1].split("\t")[0])
        if death == "start":
            raise RuntimeError((folder / "stderr").read_text("utf-8", "replace")[-2000:])
        return reached, kinds, death


def _watch(child: "subprocess.Popen[bytes]", note: Path, until_s: float) -> str:
    """Wait for a child; return the cause of its end, empty if it finished or time is over."""
    start, since_s, since_cpu_s = note.stat().st_size, time.monotonic(), 0.0
    size = start
    while child.poll() is None:
        time.sleep(0.05)
        now_s, cpu_s = time.monotonic(), _cpu_s(child.pid)
        if note.stat().st_size != size:
            size, since_s, since_cpu_s = note.stat().st_size, now_s, cpu_s
        most_s, longest_s = (_START_S, _START_S) if size == start else (MOST_S, _LONGEST_S)
        is_hanging = cpu_s - since_cpu_s > most_s or now_s - since_s > longest_s
        if is_hanging or now_s > until_s:
            child.kill()
            child.wait()
            return "hang" if is_hanging else ""
    if child.returncode < 0:
        return signal.Signals(-child.returncode).name
    return {0: "", _MEMORY: "memory"}.get(child.returncode, "start")


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process in seconds; other programs do not affect it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def minimized(data: bytes, fails: Callable[[bytes], bool], *, most_tries: int = 400) -> bytes:
    """Return a smaller input that still fails: leave out parts, halves first."""
    width = max(1, len(data) // 2)
    tries = 0
    while width >= 1 and tries < most_tries:
        place, shrunk = 0, False
        while place < len(data) and tries < most_tries:
            smaller = data[:place] + data[place + width :]
            tries += 1
            if smaller and fails(smaller):
                data, shrunk = smaller, True
            else:
                place += width
        if not shrunk:
            width //= 2
    return data


def keep(crash: Crash, door: Door, folder: Path) -> Path:
    """Write a failing input, minimized unless C code reads it; return its path."""
    data = crash.data
    if not door.is_native:
        with _scratch() as files:
            data = minimized(data, lambda smaller: fault(door, smaller, files) == crash.kind)
    small = Crash(crash.door, crash.number, crash.kind, data)
    place = folder / door.name / small.name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def main() -> None:
    """Run as the child process; arguments: DOOR FIRST END NOTE."""
    from tests.fuzz.doors import find_door

    door, first, end = find_door(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    seeds = door.seeds()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = Path(sys.argv[4]).with_name("files")  # the parent removes it in any case
    folder.mkdir()
    with Path(sys.argv[4]).open("a", encoding="utf-8") as note:
        fault(door, seeds[0], folder)  # to import modules that are imported late
        base = _peak_bytes()
        for number in range(first, end):
            note.write(f"{number}\n")
            note.flush()
            if kind := fault(door, make_input(door, seeds, number), folder):
                note.write(f"{number}\t{kind}\n")
            if _peak_bytes() - base > MOST_BYTES:
                note.flush()
                os._exit(_MEMORY)
        note.write(f"{end}\n")
    os._exit(0)  # without waiting for threads of libraries and of the page


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
