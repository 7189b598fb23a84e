"""The web page that shows a run while it runs. Needs the [web] extra."""
