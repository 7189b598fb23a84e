"""Import of faces into a face set: CSV files, folders, splits, class names."""
