"""Where faces are in a picture: the detectors."""
