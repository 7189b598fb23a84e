"""Verdicts of a soak test: memory, threads or descriptors that grow, and too few minutes."""

import os
from dataclasses import replace

import pytest

from benchmarks.soak.look import Look, joined, look
from benchmarks.soak.report import Sample, judge, table

HELD = Look(100_000, 90_000, 60_000, 8, 13, 1.0)


def minutes(*looks: Look) -> list[Sample]:
    return [Sample(i + 1, each, 10 * i, 1, 0) for i, each in enumerate(looks)]


@pytest.mark.parametrize(
    ("last", "passes"),
    [
        (HELD, True),
        (replace(HELD, rss_kib=101_900), True),
        (replace(HELD, rss_kib=102_100), False),
        (replace(HELD, threads=9), False),
        (replace(HELD, files=14), False),
    ],
)
def test_growth_fails(last: Look, passes: bool) -> None:
    warm_up = replace(HELD, rss_kib=10, threads=99)
    samples = minutes(warm_up, *[HELD] * 20, *[last] * 20)
    verdict = judge(samples, settle_minutes=1)
    assert verdict is not None
    assert verdict.passes is passes
    assert ("| pass |" in table({"steady": samples}, 1)) is passes


def test_a_run_that_is_too_short_has_no_verdict() -> None:
    assert judge(minutes(HELD, HELD), settle_minutes=1) is None
    assert "too short" in table({"steady": minutes(HELD)}, 1)


def test_looks_are_joined_to_the_middle_of_memory_and_the_most_of_the_rest() -> None:
    several = [replace(HELD, rss_kib=1, threads=9), HELD, replace(HELD, rss_kib=10**9, cpu_s=7.0)]
    assert joined(several) == replace(HELD, threads=9, cpu_s=7.0)


def test_a_process_is_looked_at() -> None:
    mine = look(os.getpid())
    assert mine.rss_kib > mine.anonymous_kib > 1000
    assert mine.threads >= 1
    assert mine.files >= 3
