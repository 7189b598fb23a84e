"""Boxes, labels and covers on pictures."""
