"""Untrusted Keras files, checked before Keras opens them."""
