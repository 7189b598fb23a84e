"""Targets of the training faces: labels, FER+ votes, teachers."""
