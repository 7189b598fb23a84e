"""Models on labeled faces: scores as they are served."""
