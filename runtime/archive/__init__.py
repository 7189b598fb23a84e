"""`fer-edge archive`: every video and picture below folders, on all cores or a Ray cluster."""
