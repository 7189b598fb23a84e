"""Measurements of a benchmark: latency, memory, agreement, whole frames."""
