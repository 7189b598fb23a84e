"""Power cuts at random moments: afterwards each line except for the last one is complete."""

import csv
import io
import json
import os
import random
import time
from typing import Any

import pytest

from .live_run import FRUGAL
from .machine import Machine
from .service import Service

CUTS = int(os.environ.get("FER_EDGE_POWER_CUTS", "20"))
SEED = 33
OPTIONS = f"--camera 10 {FRUGAL} --jsonl {{folder}}/door.jsonl --csv {{folder}}/door.csv"


def test_lines_are_whole_after_each_of_many_power_cuts(service: Service, machine: Machine) -> None:
    service.install(OPTIONS)
    service.wait_for_lines(20)
    moments = random.Random(SEED)
    lost_s = []
    for number in range(CUTS):
        wait_s = moments.uniform(0, 15)
        time.sleep(wait_s)
        last = newest(machine)
        machine.cut_power()
        boot_s = machine.start()
        service.wait_until_active(timeout_s=300)
        service.wait_for_lines(3)
        lost_s.append(lost_by_cut(machine, last))
        print(
            f"cut {number + 1}: {wait_s:.1f} s after the service was up; its last "
            f"{lost_s[-1]:.1f} s are not there; ssh after {boot_s:.0f} s",
            flush=True,
        )
    print(f"lost: at most {max(lost_s):.1f} s, {sum(lost_s) / CUTS:.1f} s in the mean")


def newest(machine: Machine) -> dict[str, Any]:
    """Return the newest complete line of the run, even if it is not on the disk yet."""
    lines = machine.says("tail -n 2 out/door.jsonl").splitlines()
    record: dict[str, Any] = json.loads(lines[-2])
    return record


def lost_by_cut(machine: Machine, last: dict[str, Any]) -> float:
    """Assert that each line except for the last is complete; return the lost seconds of the run.

    Args:
        machine: Machine of the service, started again after the cut.
        last: Newest complete line before the cut.
    """
    lines = machine.run("cat out/door.jsonl").stdout
    rows = machine.run("cat out/door.csv").stdout
    assert "\0" not in lines
    assert "\0" not in rows
    # the run continues: its last line may be incomplete at this moment
    records = [json.loads(line) for line in lines.rpartition("\n")[0].splitlines()]
    header, *body = csv.reader(io.StringIO(rows.rpartition("\n")[0]))
    assert {len(row) for row in body} == {len(header)}
    kept = [record["time_s"] for record in records if record["run"] == last["run"]]
    return float(last["time_s"] - max(kept, default=0.0))


pytestmark = pytest.mark.slow
