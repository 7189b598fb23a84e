"""What can be converted: runs of ours, Keras files, SavedModels."""
