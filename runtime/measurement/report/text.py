"""A report as text: the verdict, one table, the machine."""

from textwrap import fill

from fer_edge.shown import without_controls

from ..probes.results import ModelResult
from .end_to_end_tables import answers, camera_table, detailed, end_to_end_table, stages_table
from .figures import interval, milliseconds, optional, threads_text
from .group_tables import group_tables
from .machine_tables import look_table
from .report import Report, warnings
from .tables import Table, counted, filled_columns, instructions_text
from .verdict import verdict

_WIDTH = 100
"""Longest line of a note."""


def report_to_text(report: Report) -> str:
    """Format the machine, the table and the verdict."""
    lines = [_machine(report), ""]
    lines += [f"warning: {text}" for text in warnings(report)]
    lines += [*([""] if len(lines) > 2 else []), align(_rows(report)), "", verdict(report)]
    for table in group_tables(report):
        lines += ["", _set(table), "", fill(table.note, _WIDTH)]
    if report.end_to_end:
        lines += ["", _set(end_to_end_table(report)), "", _set(camera_table(report))]
        if (looks := look_table(report)) is not None:
            lines += ["", _set(looks)]
        for found in detailed(report):
            lines += ["", _set(stages_table(report, found))]
        lines += ["", *answers(report)]
    return "\n".join(lines)


def align(rows: list[list[str]]) -> str:
    """Align cells in columns, with a rule below the first row; two columns of words lead."""
    rows = [[" ".join(without_controls(cell).splitlines()) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def _set(table: Table) -> str:
    return f"{table.title}\n\n{align([list(table.header), *map(list, table.rows)])}"


def _machine(report: Report) -> str:
    device, state = report.device, report.conditions
    name = f"{device.board} " if device.board else ""
    lines = [
        f"device: {name}{device.cpu}, {device.machine}, {device.cores} cores, governor "
        f"{device.governor}, load {state.load_before:.2f}"
        + (
            f", {state.temperature_before_c:.0f} to {state.temperature_after_c:.0f} degrees Celsius"
            if state.temperature_before_c is not None and state.temperature_after_c is not None
            else ""
        ),
        f"software: {', '.join(device.versions)}",
    ]
    if report.faces:
        faces = report.faces
        lines.append(
            f"faces: {faces.n:,} {faces.split} faces of {faces.path}; "
            f"{faces.n_without_duplicates:,} without a duplicate in train"
        )
    limits = ", ".join(
        f"{limit.macs_per_second / 1e9:.1f} with {threads_text(limit.threads)}"
        for limit in report.limits
    )
    lines.append(
        f"limit: billion MACs per second of one large int8 convolution: {limits}"
        if report.no_limits is None
        else f"limit: {report.no_limits}"
    )
    lines.append(
        f"latency: one face, batch 1; {report.plan.rounds} interleaved rounds after warm-up"
    )
    return "\n".join(lines)


def _rows(report: Report) -> list[list[str]]:
    reference = None if report.reference is None else report.labels[report.reference]
    header = ["model", "numbers", "MB", "params", "MACs", "top-1", "no duplicates"]
    header.append(f"against {reference or 'float'}")
    for threads in report.plan.threads:
        header += [f"{threads_text(threads)}: median", "p95 ms", "of limit"]
    rows = [[*header, "load ms", "added MiB"], *(_row(report, item) for item in report.models)]
    if counted(report):
        rows[0].append("arm64 instructions")
        for row, model in zip(rows[1:], report.models, strict=True):
            row.append(instructions_text(model))
    kept = filled_columns(rows[1:], len(rows[0]))
    return [[row[column] for column in kept] for row in rows]


def _row(report: Report, model: ModelResult) -> list[str]:
    evaluation, agreement = model.evaluation, model.agreement
    without = evaluation.without_duplicates if evaluation else None
    row = [
        model.name,
        model.numbers,
        f"{model.size_bytes / 1e6:.3f}",
        optional(model.parameters, "{:,}"),
        "-" if model.macs is None else f"{model.macs / 1e6:.1f} M",
        f"{evaluation.every_face.accuracy:.2%}" if evaluation else "-",
        f"{without.accuracy:.2%}" if without else "-",
        f"{100 * agreement.difference:+.2f} {interval(agreement)}" if agreement else "-",
    ]
    for threads in report.plan.threads:
        found = model.timing(threads)
        if found is None:
            row += ["-", "-", "-"]
            continue
        steady = found.steady
        row += [milliseconds(steady.median_ms), milliseconds(steady.p95_ms)]
        row.append(optional(found.share_of_limit, "{:.0%}"))
    first = model.timings[0].start if model.timings else None
    row.append(milliseconds(first.load_ms) if first else "-")
    row.append(optional(first.added_memory_mib if first else None, "{:.1f}"))
    return row
