"""What MkDocs calls while it builds the site (`hooks` in mkdocs.yml)."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from docs.generators.navigation import navigation


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the navigation from the index pages."""
    config.nav = navigation(Path(config.docs_dir))
    return config
