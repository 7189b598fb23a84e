"""Several machines side by side, one column each."""

from collections.abc import Collection, Iterable, Mapping

from ..probes.results import ModelResult
from ..report.figures import significant
from ..report.markdown import plain
from ..report.report import Report
from .metrics import CHIEF, METRICS, Metric

HERE = "here"
"""The machine that runs the command."""


def device_rows(reports: Mapping[str, Report], metrics: Collection[str] = CHIEF) -> list[list[str]]:
    """Format values as cells of text, the header first.

    Args:
        reports: Reports of the same models by machine name.
        metrics: Names of `METRICS`.
    """
    rows = [["model", "figure", "threads", *reports]]
    first = next(iter(reports.values()))
    counts = sorted({count for report in reports.values() for count in report.plan.threads})
    for index, model in enumerate(first.models):
        models = [report.models[index] for report in reports.values()]
        title = f"{model.name} ({model.numbers})"
        for metric in (METRICS[name] for name in METRICS if name in metrics):
            for count in counts if metric.per_thread else (0,):
                cells = [_cell(metric, item, count) for item in models]
                if set(cells) != {"-"}:
                    rows.append([title, metric.title, str(count or ""), *cells])
                    title = ""
    return rows


def devices_markdown(reports: Mapping[str, Report]) -> str:
    """Format all values of all machines as a Markdown table, with descriptions of the machines."""
    head, *rows = device_rows(reports, tuple(METRICS))
    lines = ["# The same models on several machines", ""]
    for name, report in reports.items():
        device = report.device
        facts = (
            f"{device.board or device.cpu}, {device.machine}, {device.cores} cores, "
            f"governor {device.governor}; {', '.join(device.versions)}"
        )
        lines.append(f"- **{plain(name)}**: {plain(facts)}")
    lines += ["", _line(map(plain, head)), _line(["---", "---", *["---:"] * (len(head) - 2)])]
    return "\n".join([*lines, *(_line(map(plain, row)) for row in rows)]) + "\n"


def _cell(metric: Metric, model: ModelResult, threads: int) -> str:
    value = metric.read(model, threads)
    scale = 100 if metric.unit == "points" else 1
    return "-" if value is None else significant(scale * value, 4)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
