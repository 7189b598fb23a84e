"""What much of something costs: sources, viewers, faces, pixels. See `__main__.py`."""
