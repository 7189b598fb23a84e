"""Utilization of the machine by models and detector."""

from ..probes.detector_look import THREADS, DetectorLook
from .figures import milliseconds, optional, threads_text
from .report import Report
from .tables import Table


def compute_table(report: Report, threads: int) -> Table:
    """Return each model's utilization of the machine."""
    limit = next((item for item in report.limits if item.threads == threads), None)
    rows = [
        (label, _billions(found.macs_per_second), optional(found.share_of_limit, "{:.0%}"))
        for label, found in report.timed(threads)
    ]
    if threads == THREADS:
        rows += [
            (
                _name(look),
                _billions(look.macs_per_second),
                optional(look.share_of_limit, "{:.0%}"),
            )
            for look in _distinct(report.looks)
        ]
    note = f"The limit was {report.no_limits}."
    if limit is not None:
        rows.append(("one large int8 convolution", _billions(limit.macs_per_second), "100%"))
        note = (
            f"The limit is the speed of LiteRT on one int8 convolution of {limit.macs / 1e6:.0f} "
            f"million MACs, measured in the same rounds ({milliseconds(limit.latency.median_ms)} "
            "ms)."
        )
    return Table(
        f"Utilization of the machine, {threads_text(threads)}",
        ("", "billion MACs per second", "share of the limit"),
        tuple(rows),
        note,
    ).measured()


def look_table(report: Report) -> Table | None:
    """Return the cost of one detection; None without a video."""
    if not report.looks:
        return None
    return Table(
        f"The detector, {threads_text(THREADS)}",
        ("", "median ms", "p95 ms", "MACs", "of limit"),
        tuple(
            (
                _name(look),
                milliseconds(look.steady.median_ms),
                milliseconds(look.steady.p95_ms),
                "-" if look.macs is None else f"{look.macs / 1e6:.1f} M",
                optional(look.share_of_limit, "{:.0%}"),
            )
            for look in _distinct(report.looks)
        ),
        "Measured in the same rounds as the models, on the first frame of a video, already "
        "shrunk: network and boxes.",
    ).measured()


def _name(look: DetectorLook) -> str:
    on = "" if look.detector_delegate is None else f" on {look.detector_delegate}"
    return f"one detection by {look.detector}{on}, {look.width_px}x{look.height_px}"


def _distinct(looks: tuple[DetectorLook, ...]) -> list[DetectorLook]:
    """Select one detection of each size: videos of the same size have the same cost."""
    return list({(look.detector, look.width_px, look.height_px): look for look in looks}.values())


def _billions(macs_per_second: float | None) -> str:
    return "-" if macs_per_second is None else f"{macs_per_second / 1e9:.1f}"
