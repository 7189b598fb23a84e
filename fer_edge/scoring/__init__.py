"""Accuracy, agreement and calibration of probabilities."""
