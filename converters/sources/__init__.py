"""Sources for conversion: run folders, Keras files, SavedModels."""
