"""What a run says of itself: history, progress, TensorBoard, pictures."""
