"""Test of the stability of long runs; see `__main__.py`."""
