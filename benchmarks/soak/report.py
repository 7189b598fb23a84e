"""Report of a soak test: verdict, table, JSON and chart of the samples."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .look import Look, joined

MOST_GROWTH = 0.02
_WINDOW = 15


@dataclass(frozen=True, slots=True)
class Sample:
    """Sample of one minute of a run.

    Attributes:
        minute: Minutes since the start.
        look: Sample of the resources of the process.
        frames: Number of frames so far.
        opened: Number of connections to its stream so far.
        viewed_bytes: Bytes that a viewer received in this minute.
    """

    minute: float
    look: Look
    frames: int
    opened: int
    viewed_bytes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Comparison of a run's end with its state after the warm-up.

    Attributes:
        first: Sample of the first minutes after the warm-up, at most 15.
        last: Sample of the last minutes, as many as for `first`.
    """

    first: Look
    last: Look

    @property
    def growth(self) -> float:
        """Growth of the resident memory, as a share."""
        return self.last.rss_kib / self.first.rss_kib - 1

    @property
    def anonymous_growth(self) -> float:
        """Growth of the anonymous memory, as a share."""
        return self.last.anonymous_kib / self.first.anonymous_kib - 1

    @property
    def passes(self) -> bool:
        """Whether memory, threads and files are within their limits."""
        return (
            self.growth <= MOST_GROWTH
            and self.last.threads <= self.first.threads
            and self.last.files <= self.first.files
        )


def judge(samples: Sequence[Sample], settle_minutes: float) -> Verdict | None:
    """Compare the end of a run with its beginning; return None if there are too few samples."""
    settled = [sample.look for sample in samples if sample.minute > settle_minutes]
    width = min(_WINDOW, len(settled) // 2)
    return Verdict(joined(settled[:width]), joined(settled[-width:])) if width else None


def as_json(runs: Mapping[str, Sequence[Sample]], settle_minutes: float) -> dict[str, Any]:
    """Return verdicts and samples of all runs, for JSON."""
    return {"settle_minutes": settle_minutes, "most_growth": MOST_GROWTH} | {
        name: {"verdict": _verdict(samples, settle_minutes), "samples": list(map(asdict, samples))}
        for name, samples in runs.items()
    }


def _verdict(samples: Sequence[Sample], settle_minutes: float) -> dict[str, Any] | None:
    found = judge(samples, settle_minutes)
    if found is None:
        return None
    shares = {"growth": found.growth, "anonymous_growth": found.anonymous_growth}
    return asdict(found) | shares | {"passes": found.passes}


def table(runs: Mapping[str, Sequence[Sample]], settle_minutes: float) -> str:
    """Format the table for docs/explanation/reliability.md."""
    lines = [
        "| run | minutes | frames | opened | memory, MiB | growth | without files, MiB | growth "
        "| threads | descriptors | processor | |",
        "| --- " + "| ---: " * 10 + "| --- |",
    ]
    for name, samples in runs.items():
        found = judge(samples, settle_minutes)
        if found is None:
            lines.append(f"| {name} | too short" + " |" * 11)
            continue
        first, last, end = found.first, found.last, samples[-1]
        share = end.look.cpu_s / (60 * end.minute)
        lines.append(
            f"| {name} | {end.minute:.0f} | {end.frames:,} | {end.opened:,} "
            f"| {_mib(first.rss_kib, last.rss_kib)} | {found.growth:+.2%} "
            f"| {_mib(first.anonymous_kib, last.anonymous_kib)} | {found.anonymous_growth:+.2%} "
            f"| {first.threads} → {last.threads} | {first.files} → {last.files} "
            f"| {share:.1%} | {'pass' if found.passes else 'FAIL'} |"
        )
    return "\n".join(lines)


def _mib(first_kib: float, last_kib: float) -> str:
    return f"{first_kib / 1024:.1f} → {last_kib / 1024:.1f}"


def draw(runs: Mapping[str, Sequence[Sample]], settle_minutes: float, path: Path) -> None:
    """Draw memory over time, in percent of its value after the warm-up."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    for name, samples in runs.items():
        found = judge(samples, settle_minutes)
        if found is None:
            continue
        minutes = [sample.minute for sample in samples]
        for kind, style in (("rss_kib", "-"), ("anonymous_kib", ":")):
            base = getattr(found.first, kind)
            shares = [100 * getattr(sample.look, kind) / base for sample in samples]
            what = "resident" if kind == "rss_kib" else "without files"
            axes.plot(minutes, shares, style, label=f"{name}, {what}")
    axes.axhline(100 * (1 + MOST_GROWTH), color="gray", linewidth=0.8)
    axes.axvline(settle_minutes, color="gray", linewidth=0.8, linestyle="--")
    axes.set_xlabel("minutes")
    axes.set_ylabel("memory, % of that after the warm-up")
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)
