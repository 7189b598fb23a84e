"""Packages that the extras of fer-edge install, by a dry run of pip: `make test-extras`."""
