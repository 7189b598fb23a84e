"""The documentation: its blocks run, its commands exist, its generated parts are complete."""
