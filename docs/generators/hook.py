"""What MkDocs calls while it builds the site (`hooks` in mkdocs.yml).

A line `<!-- generate: NAME -->` in a page becomes what the code says of itself.
"""

import logging
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from docs.generators import card, commands, configuration, models, recipe, sources
from docs.generators.navigation import navigation

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "build" / "documented"
"""As `paths` of mkdocstrings in mkdocs.yml."""

PARTS: Mapping[str, Callable[[], str]] = {
    "commands": commands.reference,
    "configuration": configuration.reference,
    "recipe": recipe.reference,
    "recipes": recipe.bundled,
    "card": card.reference,
    "models": models.comparison,
    "compact": partial(models.model_card, "compact"),
    "compact-ferplus": partial(models.model_card, "compact-ferplus"),
    "tiny": partial(models.model_card, "tiny"),
    "detectors": models.detector_cards,
    "aligner": models.aligner_card,
}
"""NAME -> what makes its Markdown."""

MARKER = re.compile(r"^<!-- generate: (.+) -->$", re.MULTILINE)


_LOADED = re.compile(r'<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)="?((?:https?:)?//[^" >]+)')

log = logging.getLogger("mkdocs.hooks.docs")  # MkDocs counts its warnings


def filled(markdown: str) -> str:
    """Return a page as it is shown: its markers replaced, without what is for the tests.

    Raises:
        KeyError: A marker names a part that does not exist.
    """
    shown = markdown.replace(' title="not run"', "")
    return MARKER.sub(lambda marker: PARTS[marker[1]](), shown)


def on_startup(**_: Any) -> None:
    """Make the folder of sources: mkdocstrings looks for it before `on_config` gets here."""
    SOURCES.mkdir(parents=True, exist_ok=True)


def on_config(config: Any) -> Any:
    """Set the navigation from the index pages, and lay out the package for mkdocstrings."""
    config.nav = navigation(Path(config.docs_dir))
    sources.lay_out(ROOT, SOURCES)
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill a page."""
    return filled(markdown)


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Warn of what a page would load from elsewhere: the site works without a network."""
    for address in loaded_from_elsewhere(output):
        log.warning("Page '%s' loads '%s'", page.file.src_uri, address)
    return output


def loaded_from_elsewhere(html: str) -> list[str]:
    """Return the addresses of scripts, styles and pictures that are not part of the site."""
    return _LOADED.findall(html)
