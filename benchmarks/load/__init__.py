"""Load tests with many sources, viewers, faces or pixels; see `__main__.py`."""
