"""Weights that there are already: runs, `.tflite` files, pretrained bases."""
