"""Warnings about a busy, slow or hot machine."""

import subprocess
import sys
import time

import pytest

from fer_edge.runtime.device import conditions
from fer_edge.runtime.device.conditions import Watch, _warnings


def test_another_busy_program_is_seen():
    watch = Watch()
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(1.0)  # a tick of the kernel's clock is 10 ms
        found = watch.conditions("performance")
    finally:
        other.kill()
        other.wait()
    if found.other_cores is None:
        pytest.skip("/proc/stat has no CPU times")
    assert found.other_cores > 0.3
    assert any("other programs" in text for text in found.warnings)
    assert found.seconds >= 1.0


def test_this_programs_own_work_is_not_another_ones(monkeypatch):
    ticks = iter([[0, 0, 0, 1000, 0, 0, 0, 0], [100, 0, 0, 1100, 0, 0, 0, 10]])
    own = iter([5.0, 6.0])
    monkeypatch.setattr(conditions, "_cpu_ticks", lambda: next(ticks))
    monkeypatch.setattr(conditions, "_own_seconds", lambda: next(own))
    monkeypatch.setattr(conditions.os, "sysconf", lambda name: 100)
    found = Watch().conditions("performance")
    assert found.other_cores == 0.0
    assert found.stolen_share == pytest.approx(10 / 210)
    assert any("hypervisor" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (("powersave", 0.0, 0.0, 0.0, 40.0), "powersave"),
        (("performance", 0.0, 0.9, 0.0, 40.0), "other programs kept 0.9"),
        (("performance", 1e3, 0.0, 0.0, 40.0), "load average"),
        (("performance", 0.0, 0.0, 0.05, 40.0), "5.0%"),
        (("performance", 0.0, 0.0, 0.0, 85.0), "85 degrees"),
        (("performance", 0.0, 0.0, 0.0, 60.0, ("under-voltage",)), "under-voltage"),
    ],
)
def test_each_trouble_has_its_warning(state, word):
    [warning] = _warnings(*state)
    assert word in warning


def test_a_quiet_machine_has_no_warning():
    assert _warnings("performance", 0.0, 0.01, 0.0, 40.0) == ()
    assert _warnings("unknown", 0.0, None, None, None) == ()
