"""A model file: the network, its card and its labels in one `.tflite`."""
