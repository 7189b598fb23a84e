"""A benchmark's report: as data, as text, as Markdown and as HTML."""
