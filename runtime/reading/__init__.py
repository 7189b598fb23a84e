"""What a face shows: the model, smoothing over time, comparison with a second model."""
