"""Still pictures of every kind, read safely."""
