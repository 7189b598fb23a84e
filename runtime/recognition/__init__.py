"""What a face shows: the model, smoothing over time, results."""
