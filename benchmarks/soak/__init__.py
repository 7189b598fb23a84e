"""Does a run of months stay as it was after some minutes? See `__main__.py`."""
