"""The face detector's `.tflite` file: its card, and what runs it and reads its outputs."""
