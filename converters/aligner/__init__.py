"""Conversion of the face aligner to its int8 file.

`python -m fer_edge.converters.aligner` is the command.
"""
