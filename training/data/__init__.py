"""Faces from elsewhere into a face set: csv, folders, parts, class names."""
