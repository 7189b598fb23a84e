"""`fer-edge run`: its configuration, its command, and the service that runs it."""
