"""fer-edge in a virtual machine, with the cameras of its kernel: `make test-device`."""
