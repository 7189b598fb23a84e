"""The spread of the latencies as a figure."""

from .chart import Spread, spreads
from .figures import threads_text
from .report import Report
from .shapes import Figure


def spread_figure(report: Report, threads: int) -> Figure | None:
    """Draw quartiles, whiskers and outliers of every timed model; None without one."""
    rows = []
    for label, found in report.timed(threads):
        steady = found.steady
        end = steady.p99_ms or steady.p95_ms
        rows.append(
            Spread(
                *(label, steady.minimum_ms, steady.p25_ms, steady.median_ms, steady.p75_ms),
                high=end,
                beyond=tuple(value for value in steady.worst_ms if value > end),
            )
        )
    if not rows:
        return None
    chart = spreads(
        rows,
        name=f"Spread of the latency, {threads_text(threads)}",
        description="A box from the lower to the upper quartile with the median in it, a line from "
        "the fastest run to p99, rings for outliers; the table has the numbers.",
        x=f"latency in ms, {threads_text(threads)} (logarithmic)",
    )
    caption = "Box: quartiles and median. Line: fastest run to p99. Rings: the slowest outliers."
    return Figure(chart, caption)
