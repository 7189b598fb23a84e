"""Where faces are: detectors, and the tracker that follows what they found."""
