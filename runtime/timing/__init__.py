"""Stopwatches, frame rates and latency histograms."""
