"""The live web page of a run. Needs the [web] extra."""
