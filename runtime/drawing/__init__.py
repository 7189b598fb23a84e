"""Drawing of boxes, labels and covers on pictures."""
