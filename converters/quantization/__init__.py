"""From a float network to integer operators."""
