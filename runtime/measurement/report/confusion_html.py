"""Confusion matrices side by side, in HTML."""

from collections.abc import Sequence

from .html_table import scrolling
from .markup import Markup, join, tag
from .report import Report
from .tables import scored
from .verdict import headline


def confusions(report: Report) -> Markup:
    """Show the reference's and the headline's matrix side by side, then the others."""
    if report.faces is None:
        return Markup()
    line, found = headline(report), scored(report)
    lead = [
        report.models[index].path for index in (line.reference, line.model) if index is not None
    ]
    found.sort(key=lambda item: lead.index(item[1].path) if item[1].path in lead else len(lead))
    names = report.faces.class_names
    tables = [
        _confusion(f"{label}, {scores.every_face.n:,} faces", names, scores.every_face.confusion)
        for label, _, scores in found
    ]
    if not tables:
        return Markup()
    note = "Rows: the true class; columns: what the model said; per cent of the row. Framed: right."
    return join((tag("p", note, class_="note"), tag("div", *tables, class_="pair")))


def _confusion(title: str, names: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    rows = []
    for true, row in enumerate(counts):
        total = max(1, sum(row))
        cells = []
        for said, count in enumerate(row):
            share = count / total
            cells.append(
                tag(
                    "td",
                    f"{100 * share:.0f}",
                    class_="hit" if true == said else None,
                    style=f"--share: {share:.2f}",
                )
            )
        rows.append(tag("tr", tag("th", names[true], scope="row"), *cells))
    header = tag(
        "tr",
        tag("td", style="--share: 0"),
        *(tag("th", tag("abbr", name[:4], title=name), scope="col") for name in names),
    )
    table = tag("table", tag("caption", title), tag("thead", header), tag("tbody", *rows))
    return scrolling(table, title, "scroll confusion")
