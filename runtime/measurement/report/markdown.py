"""A report as Markdown, for a README or an issue."""

from .end_to_end_tables import answers, camera_table, detailed, end_to_end_table, stages_table
from .report import Report, warnings
from .tables import (
    Table,
    accuracy_table,
    agreement_table,
    compute_table,
    environment_table,
    latency_table,
    models_table,
    recall_table,
    start_table,
)
from .verdict import verdict


def report_to_markdown(report: Report) -> str:
    """Write the verdict, the warnings and the tables."""
    tables: list[Table | None] = [
        accuracy_table(report),
        agreement_table(report),
        recall_table(report),
        models_table(report),
    ]
    for threads in report.plan.threads:
        tables += [
            latency_table(report, threads),
            compute_table(report, threads),
            start_table(report, threads),
        ]
    if report.end_to_end:
        tables += [end_to_end_table(report), camera_table(report)]
        tables += [stages_table(report, found) for found in detailed(report)]
    tables.append(environment_table(report))
    blocks = [f"**{_plain(verdict(report))}**"]
    blocks += [f"> Warning: {_plain(text)}" for text in warnings(report)]
    blocks += [_plain(text) for text in answers(report)]
    blocks += [_table(table) for table in tables if table is not None and table.rows]
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    lines = [f"### {_plain(table.title)}", ""]
    lines.append(_row(table.header))
    lines.append("| --- |" + " ---: |" * (len(table.header) - 1))
    lines += [_row(row) for row in table.rows]
    if table.note:
        lines += ["", _plain(table.note)]
    return "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Take away what a name could mean in Markdown."""
    for sign in "\\`*_<>|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
