"""Latency of several functions, measured in interleaved rounds.

Every function gets a turn in every round, so that drift of the machine affects all equally; every
second round is in reverse order, so that no function always runs after the same one.
"""

import math
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

WARM_UP_RUNS = 20
RUNS_PER_ROUND = 50
FEWEST_RUNS = 3
TURN_S = 0.5  # a turn of a slow model ends here; otherwise it would take an hour
RUNS_FOR_P99 = 100
WORST_KEPT = 20

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency of one function after warm-up; every run counts.

    Attributes:
        runs: Timed runs, after the warm-up.
        warm_up_ms: Total time of all warm-up runs.
        median_ms: Median of the runs.
        p25_ms: Lower quartile.
        p75_ms: Upper quartile.
        p90_ms: 90th percentile.
        p95_ms: 95th percentile.
        p99_ms: 99th percentile; None below 100 runs.
        iqr_ms: Interquartile range, the spread of the middle half of the runs.
        minimum_ms: The fastest run.
        maximum_ms: The slowest run.
        throughput_hz: Runs per second over the whole measured time, outliers included.
        outliers: Runs slower than the third quartile by three interquartile ranges (Tukey 1977,
            Exploratory Data Analysis: "far out").
        worst_ms: The slowest outliers, at most 20, the slowest first.
        round_medians_ms: Median of each round, in order, which shows drift of the machine.
    """

    runs: int
    warm_up_ms: float
    median_ms: float
    p25_ms: float
    p75_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float | None
    iqr_ms: float
    minimum_ms: float
    maximum_ms: float
    throughput_hz: float
    outliers: int
    worst_ms: tuple[float, ...]
    round_medians_ms: tuple[float, ...]


def measure_in_rounds(
    inferences: Mapping[Key, Callable[[], object]],
    rounds: int,
    on_round: Callable[[], None] = lambda: None,
) -> dict[Key, Latency]:
    """Time functions in turns.

    Args:
        inferences: Functions to time, by key.
        rounds: Number of rounds; each has one turn of up to `RUNS_PER_ROUND` runs for every
            function; fewer if these would take longer than `TURN_S` seconds, but at least
            `FEWEST_RUNS`.
        on_round: Called after each round.
    """
    warm_ups = {key: _warm_up(infer) for key, infer in inferences.items()}
    turns = {key: _runs_in_a_turn(samples[-1]) for key, samples in warm_ups.items()}
    samples: dict[Key, list[list[float]]] = {key: [] for key in inferences}
    for number in range(rounds):
        order = list(inferences)
        for key in order if number % 2 == 0 else reversed(order):
            samples[key].append([_timed_ms(inferences[key]) for _ in range(turns[key])])
        on_round()
    return {key: summarize(samples[key], sum(warm_ups[key])) for key in inferences}


def summarize(rounds: list[list[float]], warm_up_ms: float) -> Latency:
    """Summarize the runs of each round, in milliseconds."""
    samples = np.concatenate([np.asarray(runs) for runs in rounds])
    quarter, median, three_quarters = np.percentile(samples, [25, 50, 75])
    p90, p95, p99 = np.percentile(samples, [90, 95, 99])
    spread = three_quarters - quarter
    outliers = np.sort(samples[samples > three_quarters + 3 * spread])[::-1]
    return Latency(
        runs=len(samples),
        warm_up_ms=float(warm_up_ms),
        median_ms=float(median),
        p25_ms=float(quarter),
        p75_ms=float(three_quarters),
        p90_ms=float(p90),
        p95_ms=float(p95),
        p99_ms=float(p99) if len(samples) >= RUNS_FOR_P99 else None,
        iqr_ms=float(spread),
        minimum_ms=float(samples.min()),
        maximum_ms=float(samples.max()),
        throughput_hz=float(1e3 * len(samples) / samples.sum()),
        outliers=len(outliers),
        worst_ms=tuple(map(float, outliers[:WORST_KEPT])),
        round_medians_ms=tuple(float(np.median(runs)) for runs in rounds),
    )


def _warm_up(infer: Callable[[], object]) -> list[float]:
    samples = [_timed_ms(infer)]
    while len(samples) < WARM_UP_RUNS and sum(samples) < 1e3 * TURN_S:
        samples.append(_timed_ms(infer))
    return samples


def _runs_in_a_turn(run_ms: float) -> int:
    return max(FEWEST_RUNS, min(RUNS_PER_ROUND, math.ceil(1e3 * TURN_S / max(run_ms, 1e-6))))


def _timed_ms(infer: Callable[[], object]) -> float:
    started = time.perf_counter()
    infer()
    return 1e3 * (time.perf_counter() - started)
