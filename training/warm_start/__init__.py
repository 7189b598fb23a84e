"""Initial weights: from runs, `.tflite` files, or pretrained bases."""
