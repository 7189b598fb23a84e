"""Comparison of models: accuracy, latency, memory."""
