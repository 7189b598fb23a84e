"""What MkDocs calls while it builds the site (`hooks` in mkdocs.yml).

A line `<!-- generate: NAME -->` in a page becomes what the code says of itself.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from docs.generators import card, commands, configuration, models, names, recipe
from docs.generators.navigation import navigation

PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands.reference,
    "configuration": configuration.reference,
    "recipe": recipe.reference,
    "card": card.reference,
    "models": models.comparison,
    "compact": partial(models.model_card, "compact"),
    "compact-ferplus": partial(models.model_card, "compact-ferplus"),
    "tiny": partial(models.model_card, "tiny"),
    "detectors": models.detector_cards,
    "python": partial(names.reference, "fer_edge"),
    "python training": partial(names.reference, "fer_edge.training"),
    "python converters": partial(names.reference, "fer_edge.converters"),
    "python runtime": partial(names.reference, "fer_edge.runtime"),
}
"""NAME -> what makes its Markdown."""

MARKER = re.compile(r"^<!-- generate: (.+) -->$", re.MULTILINE)


def filled(markdown: str) -> str:
    """Return a page with its markers replaced.

    Raises:
        KeyError: A marker names a part that does not exist.
    """
    return MARKER.sub(lambda marker: PARTS[marker[1]](), markdown)


def on_config(config: Any) -> Any:
    """Set the navigation from the index pages, and lay out the package for mkdocstrings."""
    config.nav = navigation(Path(config.docs_dir))
    root = Path(config.docs_dir).parent
    names.lay_out(root, root / "build" / "documented")
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill a page."""
    return filled(markdown)
