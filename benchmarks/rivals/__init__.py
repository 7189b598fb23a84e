"""PyPI and npm packages with weights, compared with fer-edge on the same faces and frames."""
