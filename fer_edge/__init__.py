"""Facial-expression recognition for the edge: train, convert to a proven int8 file, run."""

__version__ = "0.1.0"
