"""The face detectors."""
