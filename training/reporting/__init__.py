"""Reports of a run: history, progress, TensorBoard, plots."""
