"""A report's table in HTML."""

from .markup import Markup, tag
from .tables import Table


def table_to_html(table: Table, kind: str = "") -> Markup:
    """Write a table with its note; columns of words are set to the left."""
    words = {
        column
        for column in range(1, len(table.header))
        if not any(row[column][:1] in "0123456789+-[" for row in table.rows)
    }

    def cell(column: int, text: str) -> Markup:
        if column == 0:
            return tag("th", text, scope="row")
        return tag("td", text, class_="word" if column in words else None)

    rows = (
        tag("tr", *(cell(column, text) for column, text in enumerate(row))) for row in table.rows
    )
    head = Markup()
    if any(table.header):
        head = tag(
            "thead",
            tag(
                "tr",
                *(
                    tag("th", text, scope="col", class_="word" if column in words else None)
                    if text
                    else tag("td")
                    for column, text in enumerate(table.header)
                ),
            ),
        )
    caption = tag("caption", table.title) if any(table.header) else Markup()
    made = tag("table", caption, head, tag("tbody", *rows))
    note = tag("p", table.note, class_="note") if table.note else Markup()
    return tag("div", scrolling(made, table.title, f"scroll {kind}".strip()), note)


def scrolling(table: Markup, title: str, kind: str) -> Markup:
    """Let a wide table scroll by itself on a phone, by finger and by keyboard."""
    return tag("div", table, class_=kind, role="region", aria_label=title, tabindex="0")
