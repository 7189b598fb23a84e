"""fer-edge in a machine of its own, with cameras of its kernel: `make test-device`."""
