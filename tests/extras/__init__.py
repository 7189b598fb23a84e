"""What the extras of fer-edge install, by a dry run of pip; see `make test-extras`."""
