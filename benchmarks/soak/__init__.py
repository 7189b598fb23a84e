"""Stability of a run over months. See `__main__.py`."""
