"""Comparison of tracking methods: `python -m benchmarks.following`."""
