"""Information about this machine: hardware, temperature, clock rate."""
