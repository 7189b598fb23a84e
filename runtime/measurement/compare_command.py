"""`fer-edge compare`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.command_options import PATH
from fer_edge.shown import in_one_line, without_controls

from .comparison.metrics import CHIEF, METRICS, metric_names

if TYPE_CHECKING:
    from .comparison.changes import ReportComparison
    from .report.report import Report

REGRESSION = 3
"""Exit code when a limit is crossed: 1 is an error, 2 a wrong command line."""


@click.command()
@click.argument("before", type=PATH)
@click.argument("after", type=PATH)
@click.option(
    "--fail-if",
    "bars",
    multiple=True,
    metavar="BAR",
    help="Exit with 3 if a model crosses this limit, for example latency>1.10x (10% slower) "
    f"or accuracy<-0.3 (0.3 points lost). Metrics: {metric_names('ratio')} as ratios (x); "
    f"{metric_names('points')} in points. May be repeated, or with commas.",
)
@click.option("--all", "everything", is_flag=True, help="Show all figures, not only the main ones.")
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
@click.pass_context
def compare(
    context: click.Context,
    before: Path,
    after: Path,
    bars: tuple[str, ...],
    everything: bool,
    as_json: bool,
) -> None:
    """Compare two reports of `fer-edge benchmark`: before and after, or two devices.

    BEFORE and AFTER are report.json files or their folders. Models are matched by name and number
    format.

    \b
    Example:
        fer-edge compare old new --fail-if "latency>1.10x" --fail-if "accuracy<-0.3"
    """
    import json

    from fer_edge.schema import encode

    from .comparison.bars import crossed, describe_crossing, parse_bars
    from .comparison.changes import compare_reports, comparison_rows
    from .report.report import read_report
    from .report.text import align

    wanted = parse_bars(bars)
    reports = read_report(before), read_report(after)
    comparison = compare_reports(*reports)
    found = crossed(wanted, comparison)
    if as_json:
        data = {
            "comparison": encode(comparison),
            "crossed": [{"bar": bar.text, "change": encode(change)} for bar, change in found],
        }
        click.echo(json.dumps(data))
    else:
        shown = METRICS if everything else {*CHIEF, *(bar.metric for bar in wanted)}
        for line in _notes(comparison, *reports):
            click.echo(without_controls(in_one_line(line)))
        click.echo(align(comparison_rows(comparison, shown)))
    for bar, change in found:
        click.echo(f"fer-edge: regression: {describe_crossing(bar, change)}", err=True)
    if found:
        context.exit(REGRESSION)


def _notes(comparison: "ReportComparison", before: "Report", after: "Report") -> Iterator[str]:
    """Yield what a reader of the table has to know."""
    from .report.report import warnings

    yield from comparison.differences
    for name, report in (("before", before), ("after", after)):
        for text in warnings(report):
            yield f"warning, {name}: {text}"
    for name, models in (("before", comparison.only_before), ("after", comparison.only_after)):
        if models:
            yield f"only {name}: {', '.join(models)}"
    if not comparison.same_faces:
        yield "accuracy is not compared: the models were not scored on the same faces"
    elif not comparison.same_reference:
        yield "agreement is not compared: the reports have different references"
