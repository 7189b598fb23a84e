"""Recognition of expressions: model, smoothing over time, results."""
