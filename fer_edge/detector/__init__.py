"""The face detector's `.tflite` file: its card, its interpreter and the decoding of its outputs."""
