"""fer-edge in a separate machine, with cameras of its kernel: `make test-device`."""
