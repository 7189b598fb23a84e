"""The order of the site's pages: that of the links in the index page of each section."""

import re
from pathlib import Path

SECTIONS = {
    "tutorials": "Tutorials",
    "how-to": "How-to",
    "models": "Models",
    "explanation": "Explanation",
    "reference": "Reference",
    "lab-notes": "Lab notes",
}
"""Folder -> its title, in the order of the tabs."""

_LINK = re.compile(r"\]\(([\w.-]+\.md)(?:#[\w-]*)?\)")


def linked(index: str) -> list[str]:
    """Return the pages of the same folder that an index page links to, each once, in order."""
    return [name for name in dict.fromkeys(_LINK.findall(index)) if name != "index.md"]


def navigation(docs: Path) -> list[object]:
    """Return MkDocs' `nav`: the home page, then each section with its pages.

    Args:
        docs: The folder of the pages.
    """
    nav: list[object] = ["index.md"]
    for folder, title in SECTIONS.items():
        index = (docs / folder / "index.md").read_text("utf-8")
        pages = [f"{folder}/{name}" for name in ("index.md", *linked(index))]
        nav.append({title: pages})
    return nav
