"""What PyPI and npm serve with weights inside, beside fer-edge, on the same faces and frames."""
