"""Load tests with many sources, viewers, faces or pixels. See `__main__.py`."""
