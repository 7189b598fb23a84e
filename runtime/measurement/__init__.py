"""Models against each other: accuracy, latency, memory."""
