"""Tracking of faces from frame to frame."""
