"""Keras files from strangers, checked before Keras opens them."""
