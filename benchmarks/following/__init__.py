"""Ways to follow faces, compared: `python -m benchmarks.following`."""
