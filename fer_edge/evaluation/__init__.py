"""Scores of models on labeled faces, measured through the served path."""
