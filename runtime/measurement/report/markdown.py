"""A report as Markdown, for a README or an issue."""

from collections.abc import Iterable, Iterator

from .report import Report, warnings
from .sections import Beside, Block, Text, make_sections
from .tables import Table
from .verdict import verdict


def report_to_markdown(report: Report) -> str:
    """Format the verdict, the warnings, and the sections' sentences and tables."""
    blocks = [f"**{plain(verdict(report))}**"]
    blocks += [f"> Warning: {plain(text)}" for text in warnings(report)]
    for section in make_sections(report):
        blocks += _written(section.blocks)
    return "\n\n".join(blocks) + "\n"


def _written(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Beside):
            yield from _written(block.blocks)
        elif isinstance(block, Text) and not block.is_note:
            yield plain(block.text)
        elif isinstance(block, Table) and block.rows:
            yield _table(block)


def _table(table: Table) -> str:
    lines = [f"### {plain(table.title)}", ""]
    lines.append(_row(table.header))
    lines.append("| --- |" + " ---: |" * (len(table.header) - 1))
    lines += [_row(row) for row in table.rows]
    if table.note:
        lines += ["", plain(table.note)]
    return "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(plain, cells))} |"


def plain(text: str) -> str:
    """Remove characters that have a meaning in Markdown."""
    for sign in "\\`*_<>|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
