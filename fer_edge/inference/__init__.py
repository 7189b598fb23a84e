"""Inference with a `.tflite` network: interpreter, delegate, input tensor."""
