"""fer-edge in an emulated arm64 machine with a kernel of its own: `make test-device-arm64`."""
