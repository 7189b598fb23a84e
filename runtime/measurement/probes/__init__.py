"""What a benchmark measures: latency, memory, agreement, the whole way from picture to label."""
