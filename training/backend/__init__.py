"""Keras 3, its devices and precision, and what a network says of faces."""
