"""`fer-edge run` as a systemd service: its unit file, its secrets, its watchdog."""
