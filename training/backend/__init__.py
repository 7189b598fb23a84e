"""Keras 3, its devices and precision, and predictions of a network."""
