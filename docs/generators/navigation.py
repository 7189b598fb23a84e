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

GROUPED = ("how-to",)
"""Folders whose pages stand in groups: those of the headings of their index."""

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
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
        nav.append({title: [f"{folder}/index.md", *_pages(folder, index)]})
    return nav


def _pages(folder: str, index: str) -> list[object]:
    if folder not in GROUPED:
        return [f"{folder}/{name}" for name in linked(index)]
    _, *parts = _HEADING.split(index)
    groups = zip(parts[::2], parts[1::2], strict=True)
    return [{heading: [f"{folder}/{name}" for name in linked(text)]} for heading, text in groups]
