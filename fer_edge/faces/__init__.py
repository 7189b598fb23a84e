"""Face crops and sets of labeled faces."""
