"""fer-edge in an emulated arm64 machine with its own kernel: `make test-device-arm64`."""
