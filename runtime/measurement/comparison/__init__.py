"""Reports against each other: what changed, and bars that fail a build."""
