"""A benchmark's report: as data, for the terminal, as Markdown and as HTML."""
